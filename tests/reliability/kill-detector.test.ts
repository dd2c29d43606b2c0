import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keys } from '../../infra/storage/keys.ts';
import { renderSamples, type Sample } from '../../samples/render.ts';
import type { TrainingCurvePoint } from '../../schema/contracts/training.ts';
import { EventRow } from '../../schema/entities/event.entity.ts';
import type { ProgramProcess, ServerProcess } from '../e2e/process.ts';
import { isOver, makeDetectionProject, startTraining, waitFor } from '../e2e/training-steps.ts';
import { hasServers, install, type Installation } from './installation.ts';
import { trainUndisturbed } from './many-trainings.ts';
import { activitiesOf, modelsOf } from './training-facts.ts';

const longMs = 580_000;
const checkpointSteps = 50;
/** Two checkpoints and a little more: enough to be killed between them. */
const settings = { TAGLENS_MAX_DETECTOR_STEPS: '120' };

/** When each view pack was stored; a worker that repeats nothing leaves these times alone. */
async function viewTimes({ storage }: Installation, id: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for await (const { key, modifiedAt } of storage.list(keys.trainingWork(id)))
    if (key.includes('/views/')) times.set(key, modifiedAt.getTime());
  return times;
}

const pointsOf = (installation: Installation, entityId: string): Promise<TrainingCurvePoint[]> =>
  installation.query(async (manager) => {
    const events = await manager.find(EventRow, { where: { entityId }, order: { id: 'ASC' } });
    return events.flatMap(({ payload }) => (payload as { point?: TrainingCurvePoint | null }).point ?? []);
  });

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(20);
}

describe.skipIf(!hasServers)('on MySQL, S3 and Temporal (with infra/servers.sh)', () => {
  let installation: Installation;
  let api: ServerProcess;
  const samples: Sample[] = [];
  beforeAll(async () => {
    installation = await install();
    api = await installation.startApi();
    for await (const sample of renderSamples({ perTag: 6, seed: 13, size: 160 }))
      if (['stop', 'yield'].includes(sample.tag)) samples.push(sample);
  });
  afterAll(() => installation.close());

  async function killedWhen(worker: ProgramProcess, isTrue: () => Promise<boolean>): Promise<ProgramProcess> {
    await until(isTrue);
    await worker.end('SIGKILL');
    return installation.startWorker(settings);
  }

  test(
    'the only worker of a detector killed while it renders, learns and assembles: the same model, little done twice',
    async () => {
      const projectId = await makeDetectionProject(api.client, samples, 2);
      const { id } = await startTraining(api.client, projectId);
      const first = await installation.startWorker(settings);
      const second = await killedWhen(first, async () => (await viewTimes(installation, id)).size >= 3);
      const views = await viewTimes(installation, id);

      const third = await killedWhen(second, async () =>
        (await pointsOf(installation, id)).some(({ step }) => step > checkpointSteps + 10),
      );
      expect(await viewTimes(installation, id)).toEqual(expect.objectContaining({ size: samples.length }));
      const later = await viewTimes(installation, id);
      for (const [key, time] of views) expect(later.get(key), `${key} was rendered twice`).toBe(time);
      const told = await pointsOf(installation, id);
      const reached = Math.max(...told.map(({ step }) => step));

      await killedWhen(third, () => installation.storage.exists(keys.learned(id, 0)));
      const state = await waitFor(api.client, id, isOver);
      expect(state).toMatchObject({ status: 'COMPLETED', error: null, imageCount: samples.length });
      expect(await modelsOf(installation, id)).toEqual([keys.model(id)]);
      expect(await viewTimes(installation, id)).toEqual(new Map());
      const again = (await pointsOf(installation, id)).slice(told.length).map(({ step }) => step);
      // The last step told was done after the checkpoint before it was stored.
      expect(Math.min(...again)).toBeGreaterThan(Math.floor((reached - 1) / checkpointSteps) * checkpointSteps);
      expect((await activitiesOf(installation, id)).map(({ name }) => name)).toEqual([
        'takeSnapshot',
        'extractFeatures',
        'trainPart',
        'assembleDetector',
        'completeIteration',
      ]);
      console.log(`killed after step ${reached}, told again from step ${Math.min(...again)} on`);
      const undisturbed = await trainUndisturbed(installation, api.client, projectId);
      expect(undisturbed.modelSha256).toBe(state.modelSha256);
    },
    longMs,
  );
});
