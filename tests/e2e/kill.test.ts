import { readdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntityManager } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../infra/database/open.ts';
import { renderSamples } from '../../samples/render.ts';
import { CachedFeature } from '../../schema/entities/cached-feature.entity.ts';
import { entities } from '../../schema/entities/index.ts';
import { RunStepRow } from '../../schema/entities/run-step.entity.ts';
import { startProcess, type ServerProcess } from './process.ts';
import { ask, isOver, makeProject, startTraining, waitFor, type Photograph, type State } from './training-steps.ts';

const perTag = 12;
const folders: string[] = [];
const photographs: Photograph[] = [];

beforeAll(async () => {
  for await (const { tag, jpeg } of renderSamples({ perTag, seed: 11, size: 160 })) photographs.push({ tag, jpeg });
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-kill-'));
  folders.push(folder);
  return folder;
}

interface CachedFeatures {
  /** Pack and place of each content. */
  rows: Map<string, string>;
  /** When each pack was written. */
  packs: Map<string, number>;
}

/** Which features are kept where, to see that none is computed twice. */
async function cachedFeatures(data: string): Promise<CachedFeatures> {
  const root = join(data, 'objects', 'features');
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const files = names.filter((name) => name.endsWith('.pack'));
  const times = files.map(async (name) => [name, (await stat(join(root, name))).mtimeMs] as const);
  const found = await query(data, (manager) => manager.find(CachedFeature));
  const rows = new Map(found.map(({ sha256, packId, packIndex }) => [sha256, `${packId} ${packIndex}`]));
  return { rows, packs: new Map(await Promise.all(times)) };
}

async function query<T>(data: string, ask: (manager: EntityManager) => Promise<T>): Promise<T> {
  const database = await openDatabase({ kind: 'sqlite', folder: data }, entities, []);
  try {
    return await ask(database.read.manager);
  } finally {
    await database.close();
  }
}

const stepsOf = (data: string, runId: string): Promise<RunStepRow[]> =>
  query(data, (manager) => manager.find(RunStepRow, { where: { runId }, order: { sequence: 'ASC' } }));

const moments: [string, (state: State) => boolean][] = [
  ['while it is queued', () => true],
  ['while features are extracted', ({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.02],
  ['late in the extraction', ({ progress }) => progress.fraction > 0.5],
  ['while the head is fitted', ({ progress }) => progress.phase === 'HEAD'],
  ['at the end', ({ progress }) => progress.phase === 'PACKAGE' || progress.phase === 'DONE'],
];

async function killAndFinish(
  data: string,
  first: ServerProcess,
  id: string,
): Promise<{ state: State; server: ServerProcess }> {
  const before = await cachedFeatures(data);
  const doneBefore = (await stepsOf(data, id)).filter(({ status }) => status === 'COMPLETED');
  expect(first.child.exitCode ?? first.child.signalCode).not.toBeNull();
  const server = await startProcess(data);
  const state = await waitFor(server.client, id, isOver);
  const [after, steps] = [await cachedFeatures(data), await stepsOf(data, id)];
  expect(after.rows.size).toBe(photographs.length);
  for (const [sha256, place] of before.rows) expect(after.rows.get(sha256), `${sha256} was computed twice`).toBe(place);
  for (const [pack, time] of before.packs) expect(after.packs.get(pack), `${pack} was written twice`).toBe(time);
  for (const { sequence, name, attempts } of doneBefore)
    expect(steps.find((step) => step.sequence === sequence)).toMatchObject({ name, attempts, status: 'COMPLETED' });
  return { state, server };
}

test.each(moments)(
  'a training killed %s finishes after a restart and repeats no finished step',
  async (_when, moment) => {
    const data = await newFolder();
    const first = await startProcess(data);
    const projectId = await makeProject(first.client, photographs);
    const { id } = await startTraining(first.client, projectId);
    await waitFor(first.client, id, moment);
    await first.end('SIGKILL');
    const { state, server } = await killAndFinish(data, first, id);
    expect(state).toMatchObject({ status: 'COMPLETED', error: null, imageCount: photographs.length });
    // The same data trained again, undisturbed: the same bytes.
    expect(await trainUndisturbed(server.client, projectId)).toBe(state.modelSha256);
    await server.end('SIGTERM');
  },
);

/** Trains the same data again, to its end; the digest of the model. */
async function trainUndisturbed(client: ServerProcess['client'], projectId: string): Promise<string | null> {
  const { id } = await startTraining(client, projectId, { force: true });
  return (await waitFor(client, id, isOver)).modelSha256;
}

test('a training killed over and over still finishes', async () => {
  const data = await newFolder();
  let server = await startProcess(data);
  const { id } = await startTraining(server.client, await makeProject(server.client, photographs));
  for (let kill = 0; kill < 4; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 250 + kill * 150));
    await server.end('SIGKILL');
    server = await startProcess(data);
  }
  expect(await waitFor(server.client, id, isOver)).toMatchObject({ status: 'COMPLETED', error: null });
  await server.end('SIGTERM');
});

test('what was acknowledged before a kill is there after it, and half an upload is not', async () => {
  const data = await newFolder();
  const first = await startProcess(data);
  const projectId = await makeProject(first.client, photographs);
  const tickets = await ask<{ id: string; url: string }[]>(
    first.client,
    'mutation ($i: RequestUploadsInput!) { requestUploads(input: $i) { id url } }',
    { i: { projectId, files: [{ name: 'a.jpg', sizeBytes: 1_000_000 }] } },
  );
  const [ticket] = tickets;
  const upload = request(ticket?.url ?? '', { method: 'PUT', headers: { 'content-length': 1_000_000 } });
  upload.on('error', () => undefined);
  upload.write(Buffer.alloc(400_000));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await first.end('SIGKILL');
  const server = await startProcess(data);
  const count = await ask<{ imageCount: number; images: { nodes: { url: string }[] } }>(
    server.client,
    'query ($p: ID!) { project(id: $p) { imageCount images(first: 100) { nodes { url } } } }',
    { p: projectId },
  );
  expect(count.imageCount).toBe(photographs.length);
  for (const { url } of count.images.nodes) expect((await fetch(url)).status).toBe(200);
  const { results } = await ask<{ results: { status: string; message: string }[] }>(
    server.client,
    'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { status message } } }',
    { i: { projectId, images: [{ source: { uploadId: ticket?.id } }] } },
  );
  expect(results[0]?.status).toBe('REFUSED');
  expect(results[0]?.message).toContain('has not been sent yet');
  await server.end('SIGTERM');
});

test('a model that was trained before a kill can be published after it, and answers at once', async () => {
  const data = await newFolder();
  const first = await startProcess(data);
  const projectId = await makeProject(first.client, photographs);
  const { id } = await startTraining(first.client, projectId);
  await waitFor(first.client, id, isOver);
  await first.end('SIGKILL');
  const second = await startProcess(data);
  await ask(
    second.client,
    'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }',
    {
      id,
    },
  );
  await second.end('SIGKILL');
  const third = await startProcess(data);
  const answer = await third.client.predict<{ results: unknown[] }>(
    projectId,
    'live',
    photographs[0]?.jpeg ?? Buffer.alloc(0),
  );
  expect(answer.results).toHaveLength(5);
  await third.end('SIGTERM');
});

test('SIGTERM in the middle of a training ends in good order, and the next start finishes it', async () => {
  const data = await newFolder();
  const first = await startProcess(data);
  const { id } = await startTraining(first.client, await makeProject(first.client, photographs));
  await waitFor(first.client, id, ({ progress }) => progress.fraction > 0.1);
  expect(await first.end('SIGTERM')).toBe(0);
  const server = await startProcess(data);
  expect(await waitFor(server.client, id, isOver)).toMatchObject({ status: 'COMPLETED', error: null });
  await server.end('SIGTERM');
});
