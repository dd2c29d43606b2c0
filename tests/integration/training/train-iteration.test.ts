import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { renderSamples } from '../../../samples/render.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { IterationStatus } from '../../../schema/enums.ts';
import { readFeaturePack } from '../../../workers/ml/feature-pack.ts';
import { readModelPackage, sha256 } from '../../../workers/ml/model-package.ts';
import type { EmbeddedRunner } from '../../../workflows/engines/embedded-runner.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { newRunner, type TrainingRunner } from './runner.ts';
import { createTrainingData, insertIteration, trainToEnd, type TrainingData } from './setup.ts';
import { StoredProject } from './stored-project.ts';

let data: TrainingData;
let database: Database;
let storage: Storage;
let runner: EmbeddedRunner;
let activities: TrainingRunner['activities'];
let engine: EmbeddedEngine;
const releases: (() => Promise<void>)[] = [];
let project: StoredProject;

beforeAll(async () => {
  data = await createTrainingData();
  database = await data.open();
  storage = data.storage;
  runner = startRunner(2);
  engine = new EmbeddedEngine(database, () => runner.poke());
  project = await StoredProject.create(database, storage);
  for await (const sample of renderSamples({ perTag: 6, seed: 3, size: 160 })) await project.add(sample);
  runner.start();
});

afterAll(async () => {
  await runner.stop();
  for (const release of releases) await release();
  await data.remove();
});

function startRunner(threads: number): EmbeddedRunner {
  const made = newRunner({ database, storage, threads });
  releases.push(made.release);
  activities = made.activities;
  return made.runner;
}

async function packSizes(): Promise<number[]> {
  const sizes: number[] = [];
  for await (const { key } of storage.list('features/')) sizes.push(readFeaturePack(await storage.get(key)).length);
  return sizes.sort((a, b) => a - b);
}

const train = (): Promise<Iteration> => trainToEnd(database, engine, project.id);

test('trains a model from stored images, and the same snapshot gives the same bytes', async () => {
  const first = await train();
  expect(first).toMatchObject({ status: 'COMPLETED', error: null, imageCount: 30, warnings: [] });
  const bytes = await storage.get(keys.model(first.id));
  expect(sha256(bytes)).toBe(first.modelSha256);
  expect(readModelPackage(bytes).tags).toHaveLength(5);
  expect((await train()).modelSha256).toBe(first.modelSha256);
});

test('the model is the same whatever the number of threads, and whether features were cached or not', async () => {
  const first = await train();
  await runner.stop();
  await storage.deletePrefix('features/');
  runner = startRunner(1);
  runner.start();
  expect((await train()).modelSha256).toBe(first.modelSha256);
});

test('a training after ten more images computes ten', async () => {
  await train();
  expect(await packSizes()).toEqual([30]);
  for await (const sample of renderSamples({ perTag: 2, seed: 4, size: 160 })) await project.add(sample);
  expect(await train()).toMatchObject({ status: 'COMPLETED', imageCount: 40 });
  expect(await packSizes()).toEqual([10, 30]);
  expect(await database.read.manager.count(ShardProgress)).toBe(0);
});

test('a snapshot that is taken again, or late, is the one that others work on already', async () => {
  const iterationId = await insertIteration(database, project.id);
  const { signal } = new AbortController();
  const first = await activities.takeSnapshot({ iterationId }, { signal });
  const stored = await storage.get(keys.snapshot(iterationId));
  for await (const sample of renderSamples({ perTag: 1, seed: 8, size: 160 })) await project.add(sample);
  expect(await activities.takeSnapshot({ iterationId }, { signal })).toEqual(first);
  expect(await storage.get(keys.snapshot(iterationId))).toEqual(stored);
});

test('a training that was told to be complete keeps its model when a late cancellation ends it', async () => {
  const iterationId = await insertIteration(database, project.id);
  await storage.put(keys.model(iterationId), Buffer.from('a model'));
  await activities.completeIteration({ iterationId, warnings: [], modelSha256: 'a'.repeat(64) });
  await activities.failIteration({ iterationId, reason: 'It was cancelled.', isCancelled: true });
  const row = await database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
  expect(row.status).toBe('COMPLETED');
  expect(await storage.exists(keys.model(iterationId))).toBe(true);
});

test('an activity that goes on after its training was cancelled does not bring it back', async () => {
  const iterationId = await insertIteration(database, project.id, { status: IterationStatus.CANCELLED });
  const abandoned = new AbortController();
  await activities.takeSnapshot({ iterationId }, abandoned);
  await activities.completeIteration({ iterationId, warnings: [], modelSha256: 'a'.repeat(64) });
  const row = await database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
  expect(row).toMatchObject({ status: 'CANCELLED', modelSha256: null, trainedAt: null });

  await storage.deletePrefix(keys.iteration(iterationId));
  abandoned.abort(new Error('cancelled'));
  await expect(activities.takeSnapshot({ iterationId }, abandoned)).rejects.toThrow('cancelled');
  expect(await storage.exists(keys.snapshot(iterationId))).toBe(false);
});
