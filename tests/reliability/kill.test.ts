import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keys } from '../../infra/storage/keys.ts';
import { renderSamples } from '../../samples/render.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { ProgramProcess, ServerProcess } from '../e2e/process.ts';
import {
  momentsOfTraining,
  ask,
  makeProject,
  startTraining,
  waitFor,
  waitForEnd,
  type Photograph,
  type State,
} from '../e2e/training-steps.ts';
import { disturb, hasServers, install, type Installation, type ServerName } from './installation.ts';
import { trainUndisturbed } from './many-trainings.ts';
import { activitiesOf, forgetFeatures, modelsOf, packsOf } from './training-facts.ts';

const photographs: Photograph[] = [];

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', () => {
  let installation: Installation;
  let api: ServerProcess;
  /** The only one. */
  let worker: ProgramProcess;
  let projectId: string;
  let undisturbed: State;
  /** All of the same project, one after the other. */
  let trainingCount = 1;
  beforeAll(async () => {
    for await (const { tag, jpeg } of renderSamples({ perTag: 30, seed: 12, size: 200 }))
      photographs.push({ tag, jpeg });
    installation = await install();
    api = await installation.startApi();
    worker = await installation.startWorker();
    projectId = await makeProject(api.client, photographs);
    undisturbed = await trainUndisturbed(installation, api.client, projectId);
  });
  afterAll(() => installation.close());

  /** With nothing cached. */
  async function startNext(): Promise<string> {
    await forgetFeatures(installation);
    trainingCount += 1;
    return (await startTraining(api.client, projectId, { force: true })).id;
  }

  /** What must hold after every disturbance. */
  async function expectWhole(id: string): Promise<void> {
    const state = await waitForEnd(api.client, id);
    expect(state).toMatchObject({ status: 'COMPLETED', error: null, imageCount: photographs.length });
    expect(await modelsOf(installation, id)).toEqual([keys.model(id)]);
    expect(undisturbed).toMatchObject({ status: 'COMPLETED', modelSha256: state.modelSha256 });
    expect(await installation.query((manager) => manager.count(Iteration))).toBe(trainingCount);
  }

  test.each(momentsOfTraining(0.4))(
    'the only worker killed %s: another one finishes, and repeats no finished activity',
    async (_when, moment) => {
      const id = await startNext();
      await waitFor(api.client, id, moment);
      await worker.end('SIGKILL');
      const packs = await packsOf(installation);
      const finished = (await activitiesOf(installation, id)).filter(({ attempt }) => attempt !== null);
      worker = await installation.startWorker();
      await waitForEnd(api.client, id);
      const activities = await activitiesOf(installation, id);
      expect(activities.slice(0, finished.length)).toEqual(finished);
      expect(activities.map(({ name }) => name)).toEqual([
        'takeSnapshot',
        'extractFeatures',
        'fitHead',
        'completeIteration',
      ]);
      const packsAfter = await packsOf(installation);
      for (const [content, place] of packs) expect(packsAfter.get(content)).toBe(place);
      await expectWhole(id);
    },
  );

  test('an API process killed during uploads: every acknowledged image is there, whole', async () => {
    const { id: uploadedTo } = await ask<{ id: string }>(
      api.client,
      'mutation { createProject(input: { name: "p" }) { id } }',
    );
    const acknowledged: string[] = [];
    const upload = async ({ jpeg }: Photograph): Promise<void> => {
      const images = [{ source: { base64: jpeg.toString('base64') } }];
      const { results } = await ask<{ results: { image: { id: string } }[] }>(
        api.client,
        'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { image { id } } } }',
        { i: { projectId: uploadedTo, images } },
      );
      acknowledged.push(...results.map(({ image }) => image.id));
    };
    const queue = [...photographs];
    const caller = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) await upload(next);
    };
    const callers = Promise.allSettled(Array.from({ length: 8 }, caller));
    while (acknowledged.length < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    await api.end('SIGKILL');
    await callers;
    expect(queue.length).toBeGreaterThan(0);
    api = await installation.startApi();
    for (const id of acknowledged) {
      const image = await ask<{ sha256: string; url: string }>(
        api.client,
        'query ($id: ID!) { image(id: $id) { sha256 url } }',
        { id },
      );
      const bytes = await (await fetch(image.url)).arrayBuffer();
      const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
      expect(digest).toBe(image.sha256);
    }
  });

  const servers: [ServerName][] = [['temporal'], ['mariadb'], ['versitygw']];
  test.each(servers)(
    '%s killed in the middle of a training, and started again: the training finishes',
    async (server) => {
      const id = await startNext();
      await waitFor(api.client, id, ({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.05);
      await disturb('kill', server);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await disturb('restart', server);
      await expectWhole(id);
    },
  );
});
