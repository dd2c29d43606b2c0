import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { migrations } from '../../../migrations/index.ts';
import { renderSamples } from '../../../samples/render.ts';
import { trainingPolicies } from '../../../schema/contracts/training.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { entities } from '../../../schema/entities/index.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import * as enums from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { createActivities } from '../../../workers/activities/index.ts';
import { openBackbone, type Backbone } from '../../../workers/ml/backbones/backbone.ts';
import { backbones } from '../../../workers/ml/backbones/registry.ts';
import { perceptualHash } from '../../../workers/ml/image.ts';
import { readModelPackage, sha256 } from '../../../workers/ml/model-package.ts';
import { EmbeddedRunner } from '../../../workflows/engines/embedded-runner.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import { trainIteration } from '../../../workflows/orchestrations/train-iteration.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';

let backend: Backend;
let database: Database;
let storage: Storage;
let runner: EmbeddedRunner;
let engine: EmbeddedEngine;
const opened: Promise<Backbone>[] = [];
const projectId = newId();

beforeAll(async () => {
  backend = await freshBackend();
  const config = loadConfig(backend.settings);
  database = await openDatabase(config.database, entities, migrations, { migrate: true });
  storage = await openStorage(config.storage);
  runner = newRunner(2);
  engine = new EmbeddedEngine(database, () => runner.poke());
  await storeSamples();
  runner.start();
});

afterAll(async () => {
  await runner.stop();
  for (const backbone of opened) await (await backbone).release();
  await database.close();
  await backend.close();
});

/** Everything that can differ between machines: threads of the runtime, and images side by side. */
function newRunner(threads: number): EmbeddedRunner {
  const backbone = openBackbone(backbones['efficientnet-lite0'], { threads });
  opened.push(backbone);
  const deps = { database, storage, backbone: () => backbone, threads, recommendedImagesPerTag: 5 };
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
  const tagIds = new Map<string, string>();
  for await (const { name, tag, jpeg } of renderSamples({ perTag: 6, seed: 3, size: 160 })) {
    const id = newId();
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
}

async function train(): Promise<Iteration> {
  const id = newId();
  const state = { status: enums.IterationStatus.QUEUED, phase: enums.TrainingPhase.SNAPSHOT, fraction: 0, message: '' };
  const none = { tagIds: null, snapshotSha256: null, modelSha256: null, error: null, trainedAt: null };
  const recipe = {
    mode: enums.TrainingMode.QUICK,
    backbone: 'efficientnet-lite0',
    seed: 1,
    imageCount: 0,
    contentVersion: 1,
    warnings: [],
  };
  const row = { id, projectId, name: 'one', createdAt: new Date(), ...state, ...none, ...recipe };
  await database.transact((manager) => manager.insert(Iteration, row));
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
