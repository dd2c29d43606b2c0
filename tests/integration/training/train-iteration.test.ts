import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { renderSamples } from '../../../samples/render.ts';
import { trainingPolicies } from '../../../schema/contracts/training.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import * as enums from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { createActivities } from '../../../workers/activities/index.ts';
import { openBackbone, type Backbone } from '../../../workers/ml/backbones/backbone.ts';
import { backbones } from '../../../workers/ml/backbones/registry.ts';
import { readFeaturePack } from '../../../workers/ml/feature-pack.ts';
import { perceptualHash } from '../../../workers/ml/image.ts';
import { readModelPackage, sha256 } from '../../../workers/ml/model-package.ts';
import { EmbeddedRunner } from '../../../workflows/engines/embedded-runner.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { trainIteration } from '../../../workflows/orchestrations/train-iteration.ts';
import { createTrainingData, insertIteration, type TrainingData } from './setup.ts';

let data: TrainingData;
let database: Database;
let storage: Storage;
let runner: EmbeddedRunner;
let engine: EmbeddedEngine;
const opened: Promise<Backbone>[] = [];
const projectId = newId();

beforeAll(async () => {
  data = await createTrainingData();
  database = await data.open();
  storage = data.storage;
  runner = newRunner(2);
  engine = new EmbeddedEngine(database, () => runner.poke());
  await storeSamples();
  runner.start();
});

afterAll(async () => {
  await runner.stop();
  for (const backbone of opened) await (await backbone).release();
  await data.remove();
});

/** Everything that can differ between machines: threads of the runtime, and images side by side. */
function newRunner(threads: number): EmbeddedRunner {
  const backbone = openBackbone(backbones['efficientnet-lite0'], { threads });
  opened.push(backbone);
  const deps = {
    database,
    storage,
    backbone: () => backbone,
    threads,
    recommendedImagesPerTag: { classification: 5, detection: 5 },
  };
  return new EmbeddedRunner({
    database,
    orchestrations: { trainIteration },
    activities: createActivities(deps),
    policies: trainingPolicies,
    concurrency: 1,
    leaseMs: 15_000,
    pollMs: 50,
    logger: pino({ level: 'silent' }),
  });
}

async function storeSamples(): Promise<void> {
  const createdAt = new Date();
  const settings = { kind: enums.ProjectKind.CLASSIFICATION, classificationType: enums.ClassificationType.MULTICLASS };
  const project = {
    id: projectId,
    name: 'signs',
    description: '',
    domainId: newId(),
    contentVersion: 1,
    createdAt,
    updatedAt: createdAt,
  };
  await database.transact((manager) => manager.insert(Project, { ...project, ...settings }));
  for await (const sample of renderSamples({ perTag: 6, seed: 3, size: 160 })) await storeImage(sample);
}

const tagIds = new Map<string, string>();

async function storeImage({ name, tag, jpeg }: { name: string; tag: string; jpeg: Buffer }): Promise<void> {
  const [id, createdAt] = [newId(), new Date()];
  await storage.put(keys.imageOriginal(projectId, id), jpeg);
  const hashes = { sha256: sha256(jpeg), perceptualHash: await perceptualHash(jpeg) };
  const facts = { format: 'jpeg', width: 160, height: 160, sizeBytes: jpeg.length, isTest: false, createdAt };
  await database.transact(async (manager) => {
    const tagId = tagIds.get(tag) ?? newId();
    const type = enums.TagType.REGULAR;
    if (!tagIds.has(tag))
      await manager.insert(Tag, { id: tagId, projectId, name: tag, description: '', type, createdAt });
    tagIds.set(tag, tagId);
    await manager.insert(Image, { id, projectId, name, ...hashes, ...facts });
    await manager.insert(ImageTag, { imageId: id, tagId, projectId, createdAt });
  });
}

async function packSizes(): Promise<number[]> {
  const sizes: number[] = [];
  for await (const { key } of storage.list('features/')) sizes.push(readFeaturePack(await storage.get(key)).length);
  return sizes.sort((a, b) => a - b);
}

async function train(): Promise<Iteration> {
  const id = await insertIteration(database, projectId);
  await engine.start('trainIteration', { iterationId: id }, { id, group: projectId });
  const ended = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
  while (!ended.has((await engine.describe(id))?.status ?? '')) await new Promise((resolve) => setTimeout(resolve, 50));
  return database.read.manager.findOneByOrFail(Iteration, { id });
}

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
  runner = newRunner(1);
  runner.start();
  expect((await train()).modelSha256).toBe(first.modelSha256);
});

test('a training after ten more images computes ten', async () => {
  await train();
  expect(await packSizes()).toEqual([30]);
  for await (const sample of renderSamples({ perTag: 2, seed: 4, size: 160 })) await storeImage(sample);
  expect(await train()).toMatchObject({ status: 'COMPLETED', imageCount: 40 });
  expect(await packSizes()).toEqual([10, 30]);
  expect(await database.read.manager.count(ShardProgress)).toBe(0);
});
