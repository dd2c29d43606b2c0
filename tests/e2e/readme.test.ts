import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve, type RunningServer } from '../../api/main.ts';
import { writeSamples } from '../../samples/render.ts';

const key = 'tl_a_key_for_the_examples_of_the_readme';
const readme = new URL('../../README.md', import.meta.url);
let folder: string;
let server: RunningServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taglens-readme-'));
  await writeSamples(join(folder, 'photos'), { perTag: 4, seed: 2, size: 200 });
  await rm(join(folder, 'photos', 'boxes.json'));
  const settings = { TAGLENS_PORT: '0', TAGLENS_OWNER_KEY: key, TAGLENS_LOG_LEVEL: 'silent' };
  server = await serve({ TAGLENS_DATA: join(folder, 'data'), ...settings });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The fenced block of a language in which a text occurs. */
async function exampleOf(language: string, text: string): Promise<string> {
  const blocks = [...(await readFile(readme, 'utf8')).matchAll(/```(\w+)\n([\s\S]*?)```/g)];
  const found = blocks.find(([, name, body]) => name === language && body?.includes(text));
  if (!found?.[2]) throw new Error(`The README has no ${language} example with «${text}».`);
  return found[2];
}

function run(command: string, args: string[], env: Record<string, string>): Promise<string> {
  const settings = { TAGLENS_URL: server.url, TAGLENS_KEY: key, PHOTOS: join(folder, 'photos') };
  const child = spawn(command, args, { cwd: folder, env: { PATH: process.env['PATH'], ...settings, ...env } });
  let [output, complaints] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(complaints))));
  });
}

test('the examples of the README work as they are written', async () => {
  const script = join(folder, 'example.mjs');
  await writeFile(script, await exampleOf('js', 'createProject'));
  const output = await run(process.execPath, [script], {});
  expect(output).toContain('stop OK OK OK\nstop OK\n');
  expect(output).toContain('COMPLETED');
  const PROJECT = /PROJECT (\S+)/.exec(output)?.[1] ?? '';
  const PHOTO = join(folder, 'photos', 'stop', 'stop-0001.jpg');
  const answer = await run('bash', ['-c', await exampleOf('sh', 'curl')], { PROJECT, PHOTO });
  const { results, publishedName } = JSON.parse(answer) as { results: { tagName: string }[]; publishedName: string };
  expect(publishedName).toBe('live');
  expect(results.map(({ tagName }) => tagName).sort()).toEqual([
    'crossing',
    'no-entry',
    'speed-limit',
    'stop',
    'yield',
  ]);
});
