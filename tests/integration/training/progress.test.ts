import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import type { TrainingPlanName } from '../../../schema/contracts/training.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { IterationStatus, TrainingPhase } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { ProgressTracker } from '../../../workers/activities/progress.ts';
import { createTrainingData, insertIteration, type TrainingData } from './setup.ts';

let data: TrainingData;
let database: Database;
let id: string;
let plan: TrainingPlanName;

beforeEach(async () => {
  plan = 'HEAD';
  data = await createTrainingData();
  database = await data.open();
  id = await insertIteration(database, newId(), { status: IterationStatus.TRAINING });
});
afterEach(() => data.remove());

/** As in a process of its own. */
const tracker = async (): Promise<ProgressTracker> =>
  new ProgressTracker(await data.open(), id, () => Promise.resolve(plan));
const iteration = (): Promise<Iteration> => database.read.manager.findOneByOrFail(Iteration, { id });
const events = (): Promise<EventRow[]> => database.read.manager.find(EventRow, { order: { id: 'ASC' } });

test('adds up what workers of several processes did, and none of them tells it more than once a second', async () => {
  const workers = [await tracker(), await tracker(), await tracker()];
  const startedMs = Date.now();
  await Promise.all(
    workers.map(async (worker, shard) => {
      const row = worker.beginShard(shard, 20, 5);
      for (let image = 0; image < 15; image++) {
        worker.imageDone(row, 60);
        await sleep(90);
      }
      await worker.endShard(60);
    }),
  );
  const told = await events();
  const seconds = (Date.now() - startedMs) / 1000;
  expect(told.length).toBeGreaterThan(1);
  expect(told.length).toBeLessThanOrEqual(Math.floor(seconds) + 1);
  const fractions = told.map(({ payload }) => (payload as { fraction: number }).fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  const { message } = await iteration();
  expect(message).toMatch(/^\d+ of 60 images, [\d.]+ images\/s, about \d+ s left$/);
  // More than one worker alone could have done.
  expect(parseInt(message)).toBeGreaterThan(20);
  const rows = await database.read.manager.find(ShardProgress);
  expect(rows.map(({ doneCount, extractedCount }) => [doneCount, extractedCount])).toEqual(Array(3).fill([20, 15]));
});

test('never runs backwards when an attempt begins to count anew', async () => {
  const before = await tracker();
  const row = before.beginShard(0, 10, 0);
  row.doneCount = 8;
  await before.endShard(10);
  const { fraction } = await iteration();
  expect(fraction).toBeGreaterThan(0.6);
  await database.transact((manager) => manager.update(Iteration, { id }, { progressedAt: 0 }));
  const after = await tracker();
  after.imageDone(after.beginShard(0, 10, 0), 10);
  await after.flush();
  expect(await iteration()).toMatchObject({ fraction, message: '1 of 10 images' });
});

test('tells nothing after the end, and leaves no rows behind', async () => {
  await database.transact((manager) => manager.update(Iteration, { id }, { status: IterationStatus.CANCELLED }));
  const late = await tracker();
  late.imageDone(late.beginShard(0, 10, 0), 10);
  late.report(TrainingPhase.HEAD, 0.5, 'Fitting');
  await late.flush();
  expect(await events()).toEqual([]);
  expect(await database.read.manager.count(ShardProgress)).toBe(0);
});

test('adds up the steps of parts in several processes, and keeps the curve of each', async () => {
  plan = 'DETECTOR';
  const facts = { steps: 40, learningRate: 1e-3, heldOut: null };
  const workers = [await tracker(), await tracker()];
  await Promise.all(
    workers.map(async (worker, part) => {
      const row = worker.beginPart(part);
      for (let step = 1; step <= 40; step++) {
        worker.stepDone(row, { ...facts, part, step, loss: 2 / step }, 2);
        await sleep(60);
      }
      await worker.endPart({ ...facts, part, step: 40, loss: 0.05, heldOut: 0.9 }, 2);
    }),
  );
  const { trainingCurve, message, phase } = await iteration();
  expect(phase).toBe('TRAINING');
  expect(message).toMatch(/^\d+ of 80 steps, [\d.]+ steps\/s, about \d+ s left; loss 0\.\d+$/);
  for (const part of [0, 1]) {
    const own = trainingCurve?.filter((point) => point.part === part) ?? [];
    expect(own.length).toBeGreaterThan(1);
    expect(own.at(-1)).toEqual({ ...facts, part, step: 40, loss: 0.05, heldOut: 0.9 });
  }
  const points = (await events()).map(({ payload }) => (payload as { point: unknown }).point);
  expect(points.length).toBeGreaterThan(1);
  expect(points).not.toContain(null);
});
