import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withoutSettings } from '../../infra/config.ts';

const program = fileURLToPath(new URL('../../bin/taglens.js', import.meta.url));
/** An installation of which nothing answers: whoever asks it fails. */
const installation = {
  TAGLENS_DATABASE_URL: 'mysql://nobody:nothing@127.0.0.1:1/taglens',
  TAGLENS_S3_BUCKET: 'nowhere',
  TAGLENS_S3_ENDPOINT: 'http://127.0.0.1:1',
  TAGLENS_TEMPORAL_ADDRESS: '127.0.0.1:1',
  TAGLENS_OWNER_KEY_FILE: '/nowhere/key',
};

async function demo(settings: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const env = { ...withoutSettings(process.env), ...settings };
  const command = [program, 'demo', '--exit', '--per-tag', '5'];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [[code], ...outputs] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, output: outputs.join('') };
}

test('the demo leaves the installation alone that the settings of the shell name', async () => {
  const { code, output } = await demo(installation);
  expect(output).toContain('held back from training');
  // Nobody could use the addresses of a server that has ended.
  expect(output).not.toMatch(/Playground|Predict {2}/);
  expect(code).toBe(0);
});

test('the demo keeps to the limits that the settings of the shell name', async () => {
  const { code, output } = await demo({ TAGLENS_MAX_TAGS_PER_PROJECT: '2' });
  expect(output).toContain('The project has 2 tags, the maximum.');
  expect(code).toBe(1);
});
