import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimChore } from '../../../api/upkeep/chores.ts';
import { OrphanCollector } from '../../../api/upkeep/orphans.ts';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { createMetrics, type Metrics } from '../../../infra/metrics.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { CachedFeature } from '../../../schema/entities/cached-feature.entity.ts';
import { Upload } from '../../../schema/entities/upload.entity.ts';
import { IterationStatus } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { folderBackend } from '../../backends/folder.ts';
import { hasS3, s3Backend } from '../../backends/s3.ts';
import { insertIteration } from '../training/setup.ts';
import { addImages, keysBelow, makeProject, samples, startServer } from './setup.ts';

const dayMs = 86_400_000;
/** Nothing is too young; the second is for storages that know whole seconds only. */
const anyAgeMs = -1000;
const never = new AbortController().signal;
const x = Buffer.from('x');

const adapters: [name: string, make: () => Promise<Backend | null>, isThere: boolean][] = [
  ['disk', folderBackend, true],
  ['s3 (when TAGLENS_TEST_S3_ENDPOINT names a server)', s3Backend, hasS3],
];

for (const [name, make, isThere] of adapters)
  describe.skipIf(!isThere)(`orphans on ${name}`, () => {
    const backends: Backend[] = [];
    let database: Database;
    let storage: Storage;
    let metrics: Metrics;
    beforeEach(async () => {
      const places = [await freshBackend(), await make()];
      backends.push(...places.filter((place) => place !== null));
      database = await openDatabase(loadConfig(places[0]?.settings ?? {}).database, entities, migrations, {
        migrate: true,
      });
      storage = await openStorage(loadConfig(places[1]?.settings ?? {}).storage);
      metrics = createMetrics({ processMetrics: false });
    });
    afterEach(async () => {
      await database.close();
      for (const backend of backends.splice(0)) await backend.close();
    });

    const collector = (installationId = 'this one') =>
      new OrphanCollector({ database, storage, installationId, metrics, logger: pino({ level: 'silent' }) });

    async function addUpload(): Promise<string> {
      const createdAt = new Date();
      const expiresAt = new Date(createdAt.getTime() + dayMs);
      const id = newId();
      await database.transact((manager) =>
        manager.insert(Upload, { id, projectId: newId(), name: 'a.jpg', sizeBytes: 1, createdAt, expiresAt }),
      );
      await storage.put(keys.upload(id), x);
      return id;
    }

    async function addFeaturePack(): Promise<string> {
      const packId = newId();
      const key = keys.featurePack('lite0', packId);
      await storage.put(key, x);
      const rows = ['ab', 'cd'].map((sha256, packIndex) => ({ extractor: 'lite0', sha256, packId, packIndex }));
      await database.transact((manager) => manager.insert(CachedFeature, rows));
      return key;
    }

    test('are removed with all that belongs to them, and nothing else is', async () => {
      const projectId = newId();
      const [imageId, iterationId, predictionId] = [newId(), newId(), newId()];
      await storage.put(keys.upload(newId()), x);
      await storage.put(keys.imageOriginal(projectId, imageId), x);
      await storage.put(keys.imageThumbnail(projectId, imageId), x);
      await storage.put(keys.predictionOriginal(projectId, predictionId), x);
      await storage.put(keys.snapshot(iterationId), x);
      await storage.put(keys.model(iterationId), x);
      await storage.put(keys.featurePack('lite0', newId()), x);
      const kept = [keys.upload(await addUpload()), await addFeaturePack(), 'projects/notes.txt'];
      await storage.put('projects/notes.txt', x);
      const removed = await collector().collect(anyAgeMs, never);
      expect(removed).toEqual({ upload: 1, image: 1, prediction: 1, iteration: 1, featurePack: 1 });
      expect(await keysBelow(storage, '')).toEqual([...kept, keys.installation()].sort());
      expect(await metrics.registry.metrics()).toContain('taglens_orphans_removed_total{kind="image"} 1');
      expect(await collector().collect(anyAgeMs, never)).toEqual({});
    });

    test('are what a training left that has ended, but for the model of one that succeeded', async () => {
      const ids: Record<string, string> = {};
      for (const status of Object.values(IterationStatus)) {
        const id = await insertIteration(database, newId(), { status });
        for (const key of [keys.snapshot(id), keys.model(id), keys.learned(id, 0)]) await storage.put(key, x);
        ids[status] = id;
      }
      expect(await collector().collect(dayMs, never)).toEqual({});
      expect(await collector().collect(anyAgeMs, never)).toEqual({ iteration: 2, trainingWork: 3 });
      const keptOf = (status: IterationStatus, ...names: string[]) =>
        names.map((name) => keys.iteration(ids[status] ?? '') + name);
      const all = ['model/model.taglens', 'snapshot.json', 'work/learned/0'];
      const kept = [
        ...keptOf(IterationStatus.QUEUED, ...all),
        ...keptOf(IterationStatus.TRAINING, ...all),
        ...keptOf(IterationStatus.COMPLETED, ...all.slice(0, 2)),
      ];
      expect(await keysBelow(storage, 'iterations/')).toEqual(kept.sort());
    });

    test('are left alone while they are young: their row may be about to come', async () => {
      const key = keys.upload(newId());
      await storage.put(key, x);
      expect(await collector().collect(dayMs, never)).toEqual({});
      expect(await storage.exists(key)).toBe(true);
    });

    test('are found in any number of batches', async () => {
      const ids = Array.from({ length: 1100 }, newId);
      for (let at = 0; at < ids.length; at += 50)
        await Promise.all(ids.slice(at, at + 50).map((id) => storage.put(keys.upload(id), x)));
      const kept = await addUpload();
      expect(await collector().collect(anyAgeMs, never)).toEqual({ upload: 1100 });
      expect(await keysBelow(storage, 'uploads/')).toEqual([keys.upload(kept)]);
    });

    test('are not looked for in a storage that belongs to another database', async () => {
      await collector('the other one').collect(anyAgeMs, never);
      const key = keys.upload(newId());
      await storage.put(key, x);
      expect(await collector().collect(anyAgeMs, never)).toEqual({});
      expect(await storage.exists(key)).toBe(true);
    });
  });

test('a server keeps every object of a living project', async () => {
  const server = await startServer();
  const { projectId } = await makeProject(server);
  const jpeg = (await samples(1, 7))[0]?.jpeg ?? x;
  await addImages(server, { projectId, images: [{ source: { base64: jpeg.toString('base64') } }] });
  expect(await keysBelow(server.storage, keys.project(projectId))).toHaveLength(1);
  await expect.poll(() => server.storage.exists(keys.installation())).toBe(true);
  await server.close();
});

test('a chore is done by one of all processes, once in its time', async () => {
  const backend = await freshBackend();
  const database = await openDatabase(loadConfig(backend.settings).database, entities, migrations, { migrate: true });
  const claims = await Promise.all(Array.from({ length: 5 }, () => claimChore(database, 'sweep', dayMs)));
  expect(claims.filter(Boolean)).toHaveLength(1);
  expect(await claimChore(database, 'sweep', dayMs)).toBe(false);
  expect(await claimChore(database, 'sweep', 0)).toBe(true);
  expect(await claimChore(database, 'mop', dayMs)).toBe(true);
  await database.close();
  await backend.close();
});
