import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TaglensClient } from '../../cli/client.ts';
import { keys } from '../../infra/storage/keys.ts';
import { renderSamples, type Sample } from '../../samples/render.ts';
import {
  ask,
  isOver,
  makeDetectionProject,
  makeProject,
  photographs,
  startTraining,
  stateOf,
  waitForEnd,
} from '../e2e/training-steps.ts';
import { enoughTestImages } from '../../workers/activities/training-plan.ts';
import { until } from '../until.ts';
import { install, type Installation } from './installation.ts';
import { patienceMs, trainUndisturbed } from './many-trainings.ts';
import { expectOneAnswer } from './one-answer.ts';
import { startService } from './service.ts';
import { activitiesOf, checkpointTimeOf, modelsOf, pointsOf, viewTimesOf } from './training-facts.ts';

/** Whether a kill is due that follows the one at the first checkpoint, which was stored at `resumedFromMs`. */
type IsKillDue = (installation: Installation, id: string, resumedFromMs: number) => Promise<boolean>;

/** A training by gradient descent, made short, of one part: test images judge its model. */
interface Learning {
  what: string;
  imageCount: number;
  /** Of them. */
  testCount: number;
  checkpointSteps: number;
  /** Enough to be killed between two checkpoints. */
  mostSteps: number;
  options: Record<string, unknown>;
  makeProject: (client: TaglensClient, images: Sample[], testCount: number) => Promise<string>;
  /** One for each further kill, in their order. */
  laterKills: IsKillDue[];
  /** What comes between the extraction and the end. */
  activities: string[];
}

const samples: Sample[] = [];

const hasNewCheckpoint: IsKillDue = async (installation, id, resumedFromMs) =>
  (await checkpointTimeOf(installation, id, 0)) > resumedFromMs;

const learnings: Learning[] = [
  {
    what: 'a detector whose backbone learns after its heads',
    imageCount: 16,
    testCount: 6,
    checkpointSteps: 14,
    // A quarter of them is for the backbone.
    mostSteps: 36,
    options: { mode: 'ADVANCED', budgetMinutes: 120 },
    makeProject: makeDetectionProject,
    // The heads end with the second checkpoint, so its backbone learns when it is killed after that; then it is judged.
    laterKills: [hasNewCheckpoint, ({ storage }, id) => storage.exists(keys.learned(id, 0))],
    activities: ['trainPart', 'assembleDetector'],
  },
  {
    what: 'a classifier whose backbone learns',
    imageCount: 10 + enoughTestImages,
    testCount: enoughTestImages,
    checkpointSteps: 8,
    mostSteps: 12,
    // So long that the schedule need not be shortened, which no training would repeat to the byte.
    options: { mode: 'ADVANCED', budgetMinutes: 120 },
    makeProject: (client, images, testCount) => makeProject(client, photographs(images, testCount)),
    // The last checkpoint is that of the last step.
    laterKills: [hasNewCheckpoint],
    activities: ['fitHead', 'trainPart', 'keepBetter'],
  },
];

let installation: Installation;
beforeAll(async () => {
  for await (const sample of renderSamples({ perTag: 15, seed: 13, size: 160 }))
    if (['stop', 'yield'].includes(sample.tag)) samples.push(sample);
});
beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

/** Seldom enough that who asks leaves the processor to who learns. */
const seldom = { timeoutMs: patienceMs, everyMs: 200 };

/** The figures of both classifiers, to all digits; null for a detector. */
const comparisonOf = (client: TaglensClient, id: string): Promise<{ comparison: object | null }> =>
  ask(
    client,
    `query ($id: ID!) { iteration(id: $id) { comparison {
      imageCount kept quick { accuracy logLoss } advanced { accuracy logLoss }
    } } }`,
    { id },
  );

test.each(learnings)(
  'whoever trains $what is killed rendering, learning and judging: the same model, little done twice, and one answer by every way',
  async ({ checkpointSteps, mostSteps, options, laterKills, activities, ...learning }) => {
    const images = samples.slice(0, learning.imageCount);
    const service = await startService(installation, { TAGLENS_MAX_TRAINING_STEPS: String(mostSteps) });
    const projectId = await learning.makeProject(service.client, images, learning.testCount);
    const { id } = await startTraining(service.client, projectId, options);
    await until(async () => (await viewTimesOf(installation, id)).size >= 3, seldom);
    await service.killTrainer();
    const early = await viewTimesOf(installation, id);
    await service.startTrainer();

    await until(async () => (await checkpointTimeOf(installation, id, 0)) > 0, seldom);
    await service.killTrainer();
    const views = await viewTimesOf(installation, id);
    expect(views.size).toBe(images.length);
    for (const [key, time] of early) expect(views.get(key), `${key} was rendered twice`).toBe(time);
    const told = await pointsOf(installation, id);
    const resumedFromMs = await checkpointTimeOf(installation, id, 0);
    await service.startTrainer();

    for (const isDue of laterKills) {
      // One that is over by now had nothing left to be killed in; the rest must hold of it all the same.
      await until(
        async () => (await isDue(installation, id, resumedFromMs)) || isOver(await stateOf(service.client, id)),
        seldom,
      );
      await service.killTrainer();
      await service.startTrainer();
    }
    const state = await waitForEnd(service.client, id);
    expect(state).toMatchObject({ status: 'COMPLETED', error: null, imageCount: images.length });
    expect(await modelsOf(installation, id)).toEqual([keys.model(id)]);
    expect(await viewTimesOf(installation, id)).toEqual(new Map());
    const again = (await pointsOf(installation, id)).slice(told.length).map(({ step }) => step);
    expect(Math.min(...again)).toBeGreaterThan(checkpointSteps);
    const names = (await activitiesOf(installation, id)).map(({ name }) => name);
    expect(names).toEqual(['takeSnapshot', 'extractFeatures', ...activities, 'completeIteration']);
    console.log(`told again from step ${Math.min(...again)} on`);

    const undisturbed = await trainUndisturbed(installation, service.client, projectId, options);
    expect(undisturbed.modelSha256).toBe(state.modelSha256);
    expect(await comparisonOf(service.client, undisturbed.id)).toEqual(await comparisonOf(service.client, id));

    const { storage } = installation;
    const image = images.at(-1)?.jpeg ?? Buffer.alloc(0);
    await expectOneAnswer({ client: service.client, storage, projectId, iterationId: id }, image);
  },
  patienceMs,
);
