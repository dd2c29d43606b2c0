import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { renderSamples } from '../../../samples/render.ts';
import { graceMs } from '../../../schema/contracts/activity.ts';
import type { TrainingCurvePoint } from '../../../schema/contracts/training.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { ProjectKind, TrainingMode } from '../../../schema/enums.ts';
import { detectorRecipe } from '../../../workers/ml/detection/recipe.ts';
import { measuredPictures } from '../../../workers/ml/detection-evaluation/evaluation-file.ts';
import { readEvaluation } from '../../../workers/ml/evaluation-file.ts';
import { readModelPackage, sha256 } from '../../../workers/ml/model-package.ts';
import { openPredictor } from '../../../workers/ml/predictor.ts';
import { SharedSessions } from '../../../workers/ml/shared-sessions.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { aWholeTest, until } from '../../until.ts';
import { newRunner, type TrainingRunner } from './runner.ts';
import { createTrainingData, endOf, startTraining, trainToEnd, type TrainingData } from './setup.ts';
import { StoredProject } from './stored-project.ts';

let data: TrainingData;
let database: Database;
let started: TrainingRunner;
let engine: EmbeddedEngine;

/** Few steps, few views. */
const tuning = { steps: 4, fewestSteps: 0, batchSize: 4, learningRate: 3e-4 };
const short = { steps: 36, viewsPerImage: 2, checkpointSteps: 10, tuning };
const allSteps = short.steps + tuning.steps;

beforeAll(async () => {
  data = await createTrainingData();
  database = await data.open();
  engine = new EmbeddedEngine(database, () => started.runner.poke());
  startRunner();
});
afterAll(async () => {
  await stopRunner();
  await data.remove();
});

function startRunner(): void {
  const detector: typeof detectorRecipe = (facts) => ({ ...detectorRecipe(facts), ...short });
  started = newRunner({ database, storage: data.storage, threads: 2, recipes: { detector } });
  started.runner.start();
}

async function stopRunner(): Promise<void> {
  await started.runner.stop();
  await started.release();
}

async function projectOf(perTag: number, testPerTag = 0): Promise<StoredProject> {
  const project = await StoredProject.create(database, data.storage, ProjectKind.DETECTION);
  for await (const sample of renderSamples({ perTag, seed: 5, size: 160 })) await project.add(sample);
  for await (const sample of renderSamples({ perTag: testPerTag, seed: 6, size: 160 })) await project.add(sample, true);
  return project;
}

const facts = { inputSize: 160 };

async function keysOf(iterationId: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of data.storage.list(keys.iteration(iterationId))) found.push(key);
  return found.sort();
}

test('trains a detector, judges every image by a training that had not seen it, and tells the curve', async () => {
  const project = await projectOf(3);
  const iteration = await trainToEnd(database, engine, project.id, facts);
  expect(iteration).toMatchObject({ status: 'COMPLETED', error: null, imageCount: 15 });
  const model = await data.storage.get(keys.model(iteration.id));
  expect(sha256(model)).toBe(iteration.modelSha256);
  expect(readModelPackage(model)).toMatchObject({ kind: 'DETECTION', inputSize: 160 });
  const evaluation = readEvaluation(await data.storage.get(keys.evaluation(iteration.id)));
  if (evaluation.kind !== 'DETECTION') throw new Error('It is no detector.');
  expect(measuredPictures(evaluation).imageIds).toHaveLength(15);
  const curve = iteration.trainingCurve ?? [];
  expect(new Set(curve.map(({ part }) => part))).toEqual(new Set([0, 1, 2, 3]));
  for (const part of [0, 1, 2])
    expect(curve.findLast((point) => point.part === part)).toMatchObject({
      step: allSteps,
      heldOut: expect.any(Number) as number,
    });
  for (const { loss } of curve) expect(loss).toBeGreaterThan(0);
  expect(await pointsOf(iteration.id)).not.toEqual([]);
  expect(await keysOf(iteration.id)).toEqual(
    ['evaluation.json', 'model/model.taglens', 'plan.json', 'snapshot-images.ids', 'snapshot.json'].map(
      (name) => `${keys.iteration(iteration.id)}${name}`,
    ),
  );
});

const untilCheckpoint = (iterationId: string): Promise<true> =>
  until(() => data.storage.exists(keys.checkpoint(iterationId, 0)), {
    ...aWholeTest,
    what: 'the checkpoint',
    everyMs: 20,
  });

const pointsOf = async (entityId: string): Promise<TrainingCurvePoint[]> =>
  (await database.read.manager.find(EventRow, { where: { entityId }, order: { id: 'ASC' } })).flatMap(
    ({ payload }) => (payload as { point?: TrainingCurvePoint | null }).point ?? [],
  );

test('the user’s own test images judge the model itself; a training that is interrupted goes on to the same model', async () => {
  const project = await projectOf(3, 1);
  const undisturbed = await trainToEnd(database, engine, project.id, facts);
  expect(undisturbed.status).toBe('COMPLETED');
  const evaluation = readEvaluation(await data.storage.get(keys.evaluation(undisturbed.id)));
  if (evaluation.kind !== 'DETECTION') throw new Error('It is no detector.');
  expect(measuredPictures(evaluation)).toMatchObject({ measuredOn: 'TEST_IMAGES' });
  expect(measuredPictures(evaluation).imageIds).toHaveLength(5);
  expect(new Set(undisturbed.trainingCurve?.map(({ part }) => part))).toEqual(new Set([0]));

  const id = await startTraining(database, engine, project.id, facts);
  await untilCheckpoint(id);
  await stopRunner();
  const before = (await pointsOf(id)).length;
  startRunner();
  expect(await endOf(database, engine, id)).toMatchObject({
    status: 'COMPLETED',
    modelSha256: undisturbed.modelSha256,
  });
  const after = (await pointsOf(id)).slice(before);
  expect(Math.min(...after.map(({ step }) => step))).toBeGreaterThan(short.checkpointSteps);
});

test.each([
  { name: 'tiled', of: { isTiled: true }, looks: { isTiled: true, isMirrored: false, filledShare: 0.9 } },
  {
    name: 'ADVANCED',
    of: { mode: TrainingMode.ADVANCED, budgetMinutes: 30 },
    looks: { isTiled: false, isMirrored: true, filledShare: 0.9 },
  },
])('a detector that is $name answers from its package what it was judged on', async ({ of, looks }) => {
  const project = await projectOf(3, 1);
  const { id, status } = await trainToEnd(database, engine, project.id, { ...facts, ...of });
  expect(status).toBe('COMPLETED');
  const model = readModelPackage(await data.storage.get(keys.model(id)));
  if (model.kind !== 'DETECTION') throw new Error('It is no detector.');
  expect(model).toMatchObject(looks);
  const evaluation = readEvaluation(await data.storage.get(keys.evaluation(id)));
  if (evaluation.kind !== 'DETECTION') throw new Error('It is no detector.');
  const { imageIds, pictures } = measuredPictures(evaluation);
  const shared = new SharedSessions();
  const predictor = await openPredictor(model, shared);
  for (const [i, imageId] of imageIds.entries()) {
    const original = await data.storage.get(keys.imageOriginal(project.id, imageId));
    const answered = await predictor.predict(original);
    // Evaluations are kept in single precision.
    const close = (value: number) => expect.closeTo(value, 4) as number;
    const judged = (pictures[i]?.detected ?? []).map(({ tagIndex, probability, left, top, width, height }) => {
      const box = { left: close(left), top: close(top), width: close(width), height: close(height) };
      return { tagIndex, probability: close(probability), box };
    });
    expect(answered).toEqual(judged);
  }
  expect(pictures.some(({ detected }) => detected.length > 0)).toBe(true);
  await predictor.release();
  await shared.release();
});

test('a training that is cancelled while it learns stops at once and leaves nothing behind', async () => {
  const project = await projectOf(3, 1);
  const id = await startTraining(database, engine, project.id, facts);
  await untilCheckpoint(id);
  const cancelledMs = Date.now();
  await engine.cancel(id);
  expect(await endOf(database, engine, id)).toMatchObject({ status: 'CANCELLED', error: null });
  expect(Date.now() - cancelledMs).toBeLessThan(graceMs);
  expect(await keysOf(id)).toEqual([]);
});
