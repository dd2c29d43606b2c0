import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { renderSamples } from '../../../samples/render.ts';
import type { ActivityContext } from '../../../schema/contracts/activity.ts';
import type { HeadResult } from '../../../schema/contracts/training.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { TrainingMode } from '../../../schema/enums.ts';
import {
  measuredImages,
  readEvaluation,
  writeEvaluation,
  type ClassificationEvaluation,
} from '../../../workers/ml/evaluation-file.ts';
import { fineTuneRecipe } from '../../../workers/ml/fine-tuning/recipe.ts';
import { readModelPackage, sha256, type ClassifierModel } from '../../../workers/ml/model-package.ts';
import { trainIteration } from '../../../workflows/orchestrations/train-iteration.ts';
import { newRunner, type TrainingRunner } from './runner.ts';
import { createTrainingData, insertIteration, type TrainingData } from './setup.ts';
import { StoredProject } from './stored-project.ts';

let data: TrainingData;
let database: Database;
let started: TrainingRunner;
let iterationId: string;
const imageCount = 20;

beforeAll(async () => {
  data = await createTrainingData();
  database = await data.open();
  // Few steps of small batches: enough to go all the way.
  const short = { epochs: 1, minSteps: 6, batchSize: 8, augmentedViews: 1, learningRate: 2e-4 };
  const fineTuning: typeof fineTuneRecipe = (facts) => ({ ...fineTuneRecipe(facts), ...short });
  started = newRunner({ database, storage: data.storage, threads: 2, recipes: { fineTuning } });
  const project = await StoredProject.create(database, data.storage);
  for await (const sample of renderSamples({ perTag: imageCount / 5, seed: 7, size: 160 })) await project.add(sample);
  iterationId = await insertIteration(database, project.id, { mode: TrainingMode.ADVANCED, budgetMinutes: 10 });
});
afterAll(async () => {
  await started.release();
  await data.remove();
});

const context: ActivityContext = {
  signal: new AbortController().signal,
  attempt: 1,
  lastHeartbeat: undefined,
  runId: 'run',
  heartbeat: () => undefined,
};

const iteration = (): Promise<Iteration> => database.read.manager.findOneByOrFail(Iteration, { id: iterationId });

async function storedModel(): Promise<{ model: ClassifierModel; modelSha256: string }> {
  const bytes = await data.storage.get(keys.model(iterationId));
  return { model: readModelPackage(bytes) as ClassifierModel, modelSha256: sha256(bytes) };
}

async function storedEvaluation(key: string): Promise<ClassificationEvaluation> {
  return readEvaluation(await data.storage.get(key)) as ClassificationEvaluation;
}

test('adapts the backbone, and keeps whichever classifier does better on images that neither has seen', async () => {
  const { activities } = started;
  let quick: HeadResult | undefined;
  let compared: HeadResult | undefined;
  // The orchestration as it is, stopped where everything is still there.
  const call =
    <I, R>(activity: (input: I, context: ActivityContext) => Promise<R>) =>
    (input: I): Promise<R> =>
      activity(input, context);
  await trainIteration(
    {
      takeSnapshot: call(activities.takeSnapshot),
      extractFeatures: call(activities.extractFeatures),
      fitHead: async (input) => (quick = await activities.fitHead(input, context)),
      trainPart: call(activities.trainPart),
      assembleDetector: call(activities.assembleDetector),
      keepBetter: async (input) => (compared = await activities.keepBetter(input, context)),
      completeIteration: () => Promise.resolve(),
      failIteration: () => Promise.resolve(),
    },
    { iterationId },
    { cancelCalls: () => undefined },
  );
  if (!quick || !compared) throw new Error('It was not an ADVANCED training.');
  const { comparison, trainingCurve } = await iteration();
  expect(comparison).toMatchObject({ imageCount });
  if (!comparison) throw new Error('Nothing was compared.');
  const isTuned = comparison.kept === TrainingMode.ADVANCED;
  const { quick: asItWas, advanced } = comparison;
  // In doubt it is the tuned one.
  if (!isTuned) expect(asItWas.logLoss < advanced.logLoss || asItWas.accuracy > advanced.accuracy).toBe(true);
  const { model, modelSha256 } = await storedModel();
  expect(modelSha256).toBe(compared.modelSha256);
  expect(model.tail !== undefined).toBe(isTuned);
  expect(modelSha256 === quick.modelSha256).toBe(!isTuned);
  const ends = [0, 1, 2, 3].map((part) => trainingCurve?.findLast((point) => point.part === part));
  expect(ends.map((point) => [point?.step, typeof point?.heldOut])).toEqual([
    ...Array.from({ length: 3 }, () => [6, 'number']),
    [6, 'object'],
  ]);

  const stored = await storedEvaluation(keys.quickEvaluation(iterationId));
  const fitted = quick;
  /** As if the quick classifier had said this. */
  const keepBetterThan = async (probabilityOf: (isRight: boolean) => number): Promise<HeadResult> => {
    const rows = stored.targets.map((targets) => stored.tags.map((_, tag) => probabilityOf(targets.includes(tag))));
    const said = { ...stored, probabilities: Float32Array.from(rows.flat()) };
    await data.storage.put(keys.quickEvaluation(iterationId), writeEvaluation(said));
    return activities.keepBetter({ iterationId, incompleteShards: [], quick: fitted }, context);
  };
  // Against one that knows everything the quick one is kept, against one that knows nothing the tuned one.
  await keepBetterThan((isRight) => (isRight ? 0.96 : 0.01));
  expect((await iteration()).comparison).toMatchObject({ kept: TrainingMode.QUICK, imageCount });
  expect((await storedModel()).modelSha256).toBe(quick.modelSha256);
  const tuned = await keepBetterThan(() => 0.2);
  expect((await iteration()).comparison).toMatchObject({ kept: TrainingMode.ADVANCED, imageCount });
  const keptModel = await storedModel();
  expect(keptModel.modelSha256).toBe(tuned.modelSha256);
  expect(keptModel.model.tail?.size).toBeGreaterThan(0);
  const evaluation = measuredImages(await storedEvaluation(keys.evaluation(iterationId)));
  expect(evaluation).toMatchObject({ measuredOn: 'OUT_OF_FOLD' });
  expect(evaluation.imageIds).toHaveLength(imageCount);
  await activities.completeIteration({ iterationId, ...tuned });
  expect(await data.storage.exists(keys.learned(iterationId, 0))).toBe(false);
});
