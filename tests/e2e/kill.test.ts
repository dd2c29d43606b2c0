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
const photographs: Photograph[] = [];

let data: string;
/** Each test leaves it running for the next. */
let server: ServerProcess;
let projectId: string;
/** What an undisturbed training of the project makes. */
let modelSha256: string | null;

beforeAll(async () => {
  for await (const { tag, jpeg } of renderSamples({ perTag, seed: 11, size: 160 })) photographs.push({ tag, jpeg });
  data = await mkdtemp(join(tmpdir(), 'taglens-kill-'));
  server = await startProcess(data);
  projectId = await makeProject(server.client, photographs);
  const { id } = await startTraining(server.client, projectId);
  ({ modelSha256 } = await waitFor(server.client, id, isOver));
});
afterAll(async () => {
  await server.end('SIGTERM');
  await rm(data, { recursive: true, force: true });
});

async function restart(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
  const code = await server.end(signal);
  server = await startProcess(data);
  return code;
}

/** The same training once more, with nothing cached. */
async function trainAgain(): Promise<string> {
  await query((manager) => manager.deleteAll(CachedFeature));
  return (await startTraining(server.client, projectId, { force: true })).id;
}

interface CachedFeatures {
  /** Pack and place of each content. */
  rows: Map<string, string>;
  /** When each pack was written. */
  packs: Map<string, number>;
}

/** Which features are kept where, to see that none is computed twice. */
async function cachedFeatures(): Promise<CachedFeatures> {
  const root = join(data, 'objects', 'features');
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const files = names.filter((name) => name.endsWith('.pack'));
  const times = files.map(async (name) => [name, (await stat(join(root, name))).mtimeMs] as const);
  const found = await query((manager) => manager.find(CachedFeature));
  const rows = new Map(found.map(({ sha256, packId, packIndex }) => [sha256, `${packId} ${packIndex}`]));
  return { rows, packs: new Map(await Promise.all(times)) };
}

async function query<T>(ask: (manager: EntityManager) => Promise<T>): Promise<T> {
  const database = await openDatabase({ kind: 'sqlite', folder: data }, entities, []);
  try {
    return await database.transact(ask);
  } finally {
    await database.close();
  }
}

const stepsOf = (runId: string): Promise<RunStepRow[]> =>
  query((manager) => manager.find(RunStepRow, { where: { runId }, order: { sequence: 'ASC' } }));

const moments: [string, (state: State) => boolean][] = [
  ['while it is queued', () => true],
  ['while features are extracted', ({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.02],
  ['late in the extraction', ({ progress }) => progress.fraction > 0.5],
  ['while the head is fitted', ({ progress }) => progress.phase === 'HEAD'],
  ['at the end', ({ progress }) => progress.phase === 'PACKAGE' || progress.phase === 'DONE'],
];

test.each(moments)(
  'a training killed %s finishes after a restart and repeats no finished step',
  async (_when, moment) => {
    const id = await trainAgain();
    await waitFor(server.client, id, moment);
    await server.end('SIGKILL');
    const before = await cachedFeatures();
    const doneBefore = (await stepsOf(id)).filter(({ status }) => status === 'COMPLETED');
    server = await startProcess(data);
    const state = await waitFor(server.client, id, isOver);
    const [after, steps] = [await cachedFeatures(), await stepsOf(id)];
    expect(after.rows.size).toBe(photographs.length);
    for (const [sha256, place] of before.rows)
      expect(after.rows.get(sha256), `${sha256} was computed twice`).toBe(place);
    for (const [pack, time] of before.packs) expect(after.packs.get(pack), `${pack} was written twice`).toBe(time);
    for (const { sequence, name, attempts } of doneBefore)
      expect(steps.find((step) => step.sequence === sequence)).toMatchObject({ name, attempts, status: 'COMPLETED' });
    expect(state).toMatchObject({ status: 'COMPLETED', error: null, imageCount: photographs.length, modelSha256 });
  },
);

test('a training killed over and over still finishes', async () => {
  const id = await trainAgain();
  for (let kill = 0; kill < 4; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 250 + kill * 150));
    await restart();
  }
  expect(await waitFor(server.client, id, isOver)).toMatchObject({ status: 'COMPLETED', error: null, modelSha256 });
});

test('what was acknowledged before a kill is there after it, and half an upload is not', async () => {
  const ownId = await makeProject(server.client, photographs);
  const tickets = await ask<{ id: string; url: string }[]>(
    server.client,
    'mutation ($i: RequestUploadsInput!) { requestUploads(input: $i) { id url } }',
    { i: { projectId: ownId, files: [{ name: 'a.jpg', sizeBytes: 1_000_000 }] } },
  );
  const [ticket] = tickets;
  const upload = request(ticket?.url ?? '', { method: 'PUT', headers: { 'content-length': 1_000_000 } });
  upload.on('error', () => undefined);
  upload.write(Buffer.alloc(400_000));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await restart();
  const count = await ask<{ imageCount: number; images: { nodes: { url: string }[] } }>(
    server.client,
    'query ($p: ID!) { project(id: $p) { imageCount images(first: 100) { nodes { url } } } }',
    { p: ownId },
  );
  expect(count.imageCount).toBe(photographs.length);
  for (const { url } of count.images.nodes) expect((await fetch(url)).status).toBe(200);
  const { results } = await ask<{ results: { status: string; message: string }[] }>(
    server.client,
    'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { status message } } }',
    { i: { projectId: ownId, images: [{ source: { uploadId: ticket?.id } }] } },
  );
  expect(results[0]?.status).toBe('REFUSED');
  expect(results[0]?.message).toContain('has not been sent yet');
});

test('a model that was trained before a kill can be published after it, and answers at once', async () => {
  const { id } = await startTraining(server.client, projectId, { force: true });
  await waitFor(server.client, id, isOver);
  await restart();
  await ask(
    server.client,
    'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }',
    { id },
  );
  await restart();
  const [{ jpeg } = { jpeg: Buffer.alloc(0) }] = photographs;
  const answer = await server.client.predict<{ results: unknown[] }>(projectId, 'live', jpeg);
  expect(answer.results).toHaveLength(5);
});

test('SIGTERM in the middle of a training ends in good order, and the next start finishes it', async () => {
  const id = await trainAgain();
  await waitFor(server.client, id, ({ progress }) => progress.fraction > 0.1);
  expect(await restart('SIGTERM')).toBe(0);
  expect(await waitFor(server.client, id, isOver)).toMatchObject({ status: 'COMPLETED', error: null, modelSha256 });
});
