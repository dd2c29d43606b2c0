import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentsOf, importedTo, iterationsOf, startImport, substanceOf, tokenOf } from '../integration/api/copying.ts';
import { makeTrainableProject, trainToEnd } from '../integration/api/setup.ts';
import { startProcess, type ServerProcess } from './process.ts';

const folders: string[] = [];
let source: ServerProcess;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-import-'));
  folders.push(folder);
  return folder;
}

beforeAll(async () => {
  source = await startProcess(await newFolder());
});
afterAll(async () => {
  await source.end('SIGTERM');
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const startTarget = (folder: string): Promise<ServerProcess> =>
  startProcess(folder, { TAGLENS_URL_ALLOW: '127.0.0.1/32' });

/** Copies a project to a server that is killed as soon as it has each of `leasts`; `counts`: what it had when it was back. */
async function importKilledAt(
  leasts: readonly number[],
  projectId: string,
  countOf: (client: ServerProcess['client'], id: string) => Promise<number>,
): Promise<{ target: ServerProcess; id: string; counts: number[] }> {
  const folder = await newFolder();
  let target = await startTarget(folder);
  const id = await startImport(target.client, { token: await tokenOf(source.client, projectId) });
  const counts: number[] = [];
  for (const least of leasts) {
    while ((await countOf(target.client, id)) < least) await new Promise((done) => setTimeout(done, 5));
    await target.end('SIGKILL');
    target = await startTarget(folder);
    counts.push(await countOf(target.client, id));
  }
  return { target, id, counts };
}

test('an import between two servers survives three kills, and no image is there twice', async () => {
  const projectId = await makeTrainableProject(source, 60, 3);
  const countOf = async (client: ServerProcess['client'], id: string) => (await contentsOf(client, id)).imageCount;
  const { target, id, counts } = await importKilledAt([1, 50, 100], projectId, countOf);
  const [copy, original] = [await importedTo(target.client, id), await contentsOf(source.client, projectId)];
  expect(copy.status).toBe('READY');
  expect(copy.import).toMatchObject({ importedCount: original.imageCount, leftOutCount: 0, error: null });
  expect(copy.images).toEqual(original.images);
  expect(copy.tags).toEqual(original.tags);
  expect(counts.some((count) => count < original.imageCount)).toBe(true);
  await target.end('SIGTERM');
});

test('iterations survive kills, too, and none is there twice', async () => {
  const trained = await makeTrainableProject(source, 3, 4);
  for (let seed = 1; seed <= 3; seed += 1) {
    const input = { seed, name: `Seed ${seed}`, force: true };
    expect(await trainToEnd(source, trained, input)).toMatchObject({ status: 'COMPLETED' });
  }
  const countOf = async (client: ServerProcess['client'], id: string) => (await iterationsOf(client, id)).length;
  const { target, id, counts } = await importKilledAt([0, 1, 2], trained, countOf);
  const copy = await importedTo(target.client, id);
  expect(copy).toMatchObject({ status: 'READY', import: { importedIterationCount: 3, leftOutIterationCount: 0 } });
  const [copies, originals] = [await iterationsOf(target.client, id), await iterationsOf(source.client, trained)];
  expect(substanceOf(copies)).toEqual(substanceOf(originals));
  expect(copies).toHaveLength(3);
  expect(counts[0]).toBeLessThan(3);
  await target.end('SIGTERM');
});
