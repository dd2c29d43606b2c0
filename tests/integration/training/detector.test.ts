import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { renderSamples } from '../../../samples/render.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { detectorRecipe } from '../../../workers/ml/detection/recipe.ts';
import { measuredPictures } from '../../../workers/ml/detection-evaluation/evaluation-file.ts';
import { readEvaluation } from '../../../workers/ml/evaluation-file.ts';
import { readModelPackage, sha256 } from '../../../workers/ml/model-package.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { newRunner, type TrainingRunner } from './runner.ts';
import { createTrainingData, trainToEnd, type TrainingData } from './setup.ts';
import { StoredProject } from './stored-project.ts';

let data: TrainingData;
let database: Database;
let started: TrainingRunner;
let engine: EmbeddedEngine;
const minuteMs = 60_000;

beforeAll(async () => {
  data = await createTrainingData();
  database = await data.open();
  // Few steps, few views: enough to see that something is learned.
  const short = { steps: 60, viewsPerImage: 3, checkpointSteps: 20 };
  const detector: typeof detectorRecipe = (facts) => ({ ...detectorRecipe(facts), ...short });
  started = newRunner({ database, storage: data.storage, threads: 2, recipes: { detector } });
  engine = new EmbeddedEngine(database, () => started.runner.poke());
  started.runner.start();
});
afterAll(async () => {
  await started.runner.stop();
  await started.release();
  await data.remove();
});

async function projectOf(perTag: number, testPerTag = 0): Promise<StoredProject> {
  const project = await StoredProject.create(database, data.storage, ProjectKind.DETECTION);
  for await (const sample of renderSamples({ perTag, seed: 5, size: 160 })) await project.add(sample);
  for await (const sample of renderSamples({ perTag: testPerTag, seed: 6, size: 160 })) await project.add(sample, true);
  return project;
}

const train = ({ id }: StoredProject): Promise<Iteration> => trainToEnd(database, engine, id, { inputSize: 160 });

async function keysOf(iterationId: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of data.storage.list(keys.iteration(iterationId))) found.push(key);
  return found.sort();
}

test(
  'trains a detector, judges every image by a training that had not seen it, and tells the curve',
  async () => {
    const project = await projectOf(3);
    const iteration = await train(project);
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
        step: 60,
        heldOut: expect.any(Number) as number,
      });
    const [first, last] = [curve[0], curve.at(-1)];
    expect(last?.loss).toBeLessThan(first?.loss ?? 0);
    const told = await database.read.manager.findBy(EventRow, { entityId: iteration.id });
    expect(told.filter(({ payload }) => (payload as { point?: unknown }).point)).not.toEqual([]);
    expect(await keysOf(iteration.id)).toEqual(
      ['evaluation.json', 'model/model.taglens', 'plan.json', 'snapshot-images.ids', 'snapshot.json'].map(
        (name) => `${keys.iteration(iteration.id)}${name}`,
      ),
    );
  },
  2 * minuteMs,
);

test(
  'the user’s own test images judge the model itself',
  async () => {
    const iteration = await train(await projectOf(3, 1));
    expect(iteration.status).toBe('COMPLETED');
    const evaluation = readEvaluation(await data.storage.get(keys.evaluation(iteration.id)));
    if (evaluation.kind !== 'DETECTION') throw new Error('It is no detector.');
    expect(measuredPictures(evaluation)).toMatchObject({ measuredOn: 'TEST_IMAGES' });
    expect(measuredPictures(evaluation).imageIds).toHaveLength(5);
    expect(new Set(iteration.trainingCurve?.map(({ part }) => part))).toEqual(new Set([0]));
  },
  minuteMs,
);
