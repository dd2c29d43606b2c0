import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keys } from '../../infra/storage/keys.ts';
import { renderSamples } from '../../samples/render.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { ServerProcess } from '../e2e/process.ts';
import {
  ask,
  isOver,
  makeProject,
  startTraining,
  waitFor,
  type Photograph,
  type State,
} from '../e2e/training-steps.ts';
import { disturb, hasServers, install, type Installation, type ServerName } from './installation.ts';
import { trainUndisturbed } from './many-trainings.ts';
import { activitiesOf, modelsOf, packsOf } from './training-facts.ts';

const photographs: Photograph[] = [];
const longMs = 240_000;

/** What must hold after every disturbance. */
async function expectWhole(
  installation: Installation,
  api: ServerProcess,
  training: { projectId: string; id: string },
) {
  const state = await waitFor(api.client, training.id, isOver);
  expect(state).toMatchObject({ status: 'COMPLETED', error: null, imageCount: photographs.length });
  expect(await modelsOf(installation, training.id)).toEqual([keys.model(training.id)]);
  const undisturbed = await trainUndisturbed(installation, api.client, training.projectId);
  expect(undisturbed.modelSha256).toBe(state.modelSha256);
  expect(await installation.query((manager) => manager.count(Iteration))).toBe(2);
}

const phases: [string, (state: State) => boolean][] = [
  ['while it is queued', () => true],
  ['while features are extracted', ({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.02],
  ['late in the extraction', ({ progress }) => progress.fraction > 0.4],
  ['while the head is fitted', ({ progress }) => progress.phase === 'HEAD'],
  ['at the end', ({ progress }) => progress.phase === 'PACKAGE' || progress.phase === 'DONE'],
];

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', () => {
  const installations: Installation[] = [];
  beforeAll(async () => {
    for await (const { tag, jpeg } of renderSamples({ perTag: 30, seed: 12, size: 200 }))
      photographs.push({ tag, jpeg });
  });
  afterAll(async () => {
    for (const installation of installations) await installation.close();
  });

  async function startTrainingIn(): Promise<{
    installation: Installation;
    api: ServerProcess;
    training: { projectId: string; id: string };
  }> {
    const installation = await install();
    installations.push(installation);
    const api = await installation.startApi();
    const projectId = await makeProject(api.client, photographs);
    const { id } = await startTraining(api.client, projectId);
    return { installation, api, training: { projectId, id } };
  }

  test.each(phases)(
    'the only worker killed %s: another one finishes, and repeats no finished activity',
    async (_when, moment) => {
      const { installation, api, training } = await startTrainingIn();
      const worker = await installation.startWorker();
      await waitFor(api.client, training.id, moment);
      await worker.end('SIGKILL');
      const packs = await packsOf(installation);
      const finished = (await activitiesOf(installation, training.id)).filter(({ attempt }) => attempt !== null);
      await installation.startWorker();
      await waitFor(api.client, training.id, isOver);
      const activities = await activitiesOf(installation, training.id);
      expect(activities.slice(0, finished.length)).toEqual(finished);
      expect(activities.map(({ name }) => name)).toEqual([
        'takeSnapshot',
        'extractFeatures',
        'fitHead',
        'completeIteration',
      ]);
      const packsAfter = await packsOf(installation);
      for (const [content, place] of packs) expect(packsAfter.get(content)).toBe(place);
      await expectWhole(installation, api, training);
    },
    longMs,
  );

  test(
    'an API process killed during uploads: every acknowledged image is there, whole',
    async () => {
      const installation = await install();
      installations.push(installation);
      const api = await installation.startApi();
      const { id: projectId } = await ask<{ id: string }>(
        api.client,
        'mutation { createProject(input: { name: "p" }) { id } }',
      );
      const acknowledged: string[] = [];
      const upload = async ({ jpeg }: Photograph): Promise<void> => {
        const images = [{ source: { base64: jpeg.toString('base64') } }];
        const { results } = await ask<{ results: { image: { id: string } }[] }>(
          api.client,
          'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { image { id } } } }',
          { i: { projectId, images } },
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
      const second = await installation.startApi();
      for (const id of acknowledged) {
        const image = await ask<{ sha256: string; url: string }>(
          second.client,
          'query ($id: ID!) { image(id: $id) { sha256 url } }',
          { id },
        );
        const bytes = await (await fetch(image.url)).arrayBuffer();
        const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
        expect(digest).toBe(image.sha256);
      }
    },
    longMs,
  );

  const servers: [ServerName][] = [['temporal'], ['mariadb'], ['versitygw']];
  test.each(servers)(
    '%s killed in the middle of a training, and started again: the training finishes',
    async (server) => {
      const { installation, api, training } = await startTrainingIn();
      await installation.startWorker();
      await waitFor(
        api.client,
        training.id,
        ({ progress }) => progress.phase === 'FEATURES' && progress.fraction > 0.05,
      );
      await disturb('kill', server);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await disturb('restart', server);
      await expectWhole(installation, api, training);
    },
    longMs,
  );
});
