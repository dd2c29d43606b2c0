import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { install, type Installation } from '../reliability/installation.ts';
import { trainUndisturbed } from '../reliability/many-trainings.ts';
import { forgetFeatures, packsOf } from '../reliability/training-facts.ts';
import { renderSamples } from '../../samples/render.ts';
import { RunStepRow } from '../../schema/entities/run-step.entity.ts';
import type { ServerProcess } from './process.ts';
import {
  ask,
  makeProject,
  momentsOfTraining,
  startTraining,
  waitFor,
  waitForEnd,
  type Photograph,
} from './training-steps.ts';

const perTag = 12;
const photographs: Photograph[] = [];

let installation: Installation;
/** Each test leaves it running for the next. */
let server: ServerProcess;
let projectId: string;
/** What an undisturbed training of the project makes. */
let modelSha256: string | null;

beforeAll(async () => {
  for await (const { tag, jpeg } of renderSamples({ perTag, seed: 11, size: 160 })) photographs.push({ tag, jpeg });
  installation = await install();
  server = await installation.startApi();
  projectId = await makeProject(server.client, photographs);
  ({ modelSha256 } = await trainUndisturbed(installation, server.client, projectId));
});
afterAll(() => installation.close());

async function restart(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
  const code = await server.end(signal);
  server = await installation.startApi();
  return code;
}

/** The same training once more, with nothing cached. */
async function trainAgain(): Promise<string> {
  await forgetFeatures(installation);
  return (await startTraining(server.client, projectId, { force: true })).id;
}

/** When each pack of features was written, by its key. */
async function packTimes(): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for await (const { key, modifiedAt } of installation.storage.list('features/'))
    if (key.endsWith('.pack')) times.set(key, modifiedAt.getTime());
  return times;
}

const stepsOf = (runId: string): Promise<RunStepRow[]> =>
  installation.query((manager) => manager.find(RunStepRow, { where: { runId }, order: { sequence: 'ASC' } }));

test.each(momentsOfTraining(0.5))(
  'a training killed %s finishes after a restart and repeats no finished step',
  async (_when, isNow) => {
    const id = await trainAgain();
    await waitFor(server.client, id, isNow);
    await server.end('SIGKILL');
    expect(server.child.exitCode ?? server.child.signalCode).not.toBeNull();
    const [rows, packs] = [await packsOf(installation), await packTimes()];
    const doneBefore = (await stepsOf(id)).filter(({ status }) => status === 'COMPLETED');
    server = await installation.startApi();
    const state = await waitForEnd(server.client, id);
    const [rowsAfter, packsAfter, steps] = [await packsOf(installation), await packTimes(), await stepsOf(id)];
    expect(rowsAfter.size).toBe(photographs.length);
    for (const [sha256, place] of rows) expect(rowsAfter.get(sha256), `${sha256} was computed twice`).toBe(place);
    for (const [pack, time] of packs) expect(packsAfter.get(pack), `${pack} was written twice`).toBe(time);
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
  expect(await waitForEnd(server.client, id)).toMatchObject({ status: 'COMPLETED', error: null, modelSha256 });
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
  await waitForEnd(server.client, id);
  await restart();
  await ask(
    server.client,
    'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }',
    { id },
  );
  await restart();
  const jpeg = photographs[0]?.jpeg ?? Buffer.alloc(0);
  const answer = await server.client.predict<{ results: unknown[] }>(projectId, 'live', jpeg);
  expect(answer.results).toHaveLength(5);
});

test('SIGTERM in the middle of a training ends in good order, and the next start finishes it', async () => {
  const id = await trainAgain();
  await waitFor(server.client, id, ({ progress }) => progress.fraction > 0.1);
  expect(await restart('SIGTERM')).toBe(0);
  expect(await waitForEnd(server.client, id)).toMatchObject({ status: 'COMPLETED', error: null, modelSha256 });
});
