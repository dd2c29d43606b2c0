import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentsOf, importedTo, startImport, tokenOf } from '../integration/api/copying.ts';
import { makeTrainableProject } from '../integration/api/setup.ts';
import { startProcess, type ServerProcess } from './process.ts';

const folders: string[] = [];
let source: ServerProcess;
let projectId: string;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-import-'));
  folders.push(folder);
  return folder;
}

beforeAll(async () => {
  source = await startProcess(await newFolder());
  projectId = await makeTrainableProject(source, 60, 3);
});
afterAll(async () => {
  await source.end('SIGTERM');
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const startTarget = (folder: string): Promise<ServerProcess> =>
  startProcess(folder, { TAGLENS_URL_ALLOW: '127.0.0.1/32' });

test('an import between two servers survives three kills, and no image is there twice', async () => {
  const folder = await newFolder();
  let target = await startTarget(folder);
  const id = await startImport(target.client, { token: await tokenOf(source.client, projectId) });
  const counts: number[] = [];
  for (const least of [1, 50, 100]) {
    while ((await contentsOf(target.client, id)).imageCount < least) await new Promise((done) => setTimeout(done, 5));
    await target.end('SIGKILL');
    target = await startTarget(folder);
    counts.push((await contentsOf(target.client, id)).imageCount);
  }
  const [copy, original] = [await importedTo(target.client, id), await contentsOf(source.client, projectId)];
  expect(copy.status).toBe('READY');
  expect(copy.import).toEqual({ importedCount: original.imageCount, leftOutCount: 0, error: null });
  expect(copy.images).toEqual(original.images);
  expect(copy.tags).toEqual(original.tags);
  expect(counts.some((count) => count < original.imageCount)).toBe(true);
  await target.end('SIGTERM');
});
