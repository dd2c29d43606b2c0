import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { renderSamples } from '../../../samples/render.ts';
import type { ActivityContext } from '../../../schema/contracts/activity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { ProjectImport } from '../../../schema/entities/project-import.entity.ts';
import type { ActivityDeps } from '../../../workers/activities/deps.ts';
import { importImages } from '../../../workers/activities/import-images.ts';
import { createTrainingData, type TrainingData } from '../training/setup.ts';
import { StoredProject } from '../training/stored-project.ts';

let data: TrainingData;
let database: Database;
let source: StoredProject;
let target: StoredProject;
/** In the order in which they were uploaded; more than a page has. */
let imageIds: string[];

beforeAll(async () => {
  data = await createTrainingData();
  database = await data.open();
  source = await StoredProject.create(database, data.storage);
  imageIds = [];
  for await (const sample of renderSamples({ perTag: 18, size: 32 })) imageIds.push(await source.add(sample));
});
afterAll(() => data.remove());
beforeEach(async () => {
  target = await StoredProject.create(database, data.storage);
  await database.transact((manager) =>
    manager.insert(ProjectImport, {
      ...{ projectId: target.id, localProjectId: source.id, sourceUrl: '', tagIds: {}, imageCount: imageIds.length },
      ...{ importedCount: 0, leftOutCount: 0, createdAt: new Date() },
    }),
  );
});

const context: ActivityContext = {
  signal: new AbortController().signal,
  attempt: 1,
  lastHeartbeat: undefined,
  runId: 'r',
  heartbeat: () => undefined,
};

/** One call of the activity, with the images whose originals it reads. */
async function call(after: string | null, isBroken: (imageId: string) => boolean = () => false) {
  const fetched: string[] = [];
  const get: Storage['get'] = (key, ...rest) => {
    const imageId = imageIds.find((id) => key.includes(id)) ?? '';
    fetched.push(imageId);
    if (isBroken(imageId)) return Promise.reject(new Error('The storage stumbled.'));
    return data.storage.get(key, ...rest);
  };
  const storage = Object.create(data.storage, { get: { value: get } }) as Storage;
  const imageLimits = { maxBytes: 6_000_000, maxEdgePixels: 10_240, maxAspectRatio: 50, maxMegapixels: 50 };
  const deps = { database, storage, imageLimits, imagesPerProject: 1000 } as ActivityDeps;
  return { ...(await importImages(deps)({ projectId: target.id, after }, context)), fetched };
}

const copiedCount = () => database.read.manager.countBy(Image, { projectId: target.id });

test('one call brings several pages, so that the history of a large import stays short', async () => {
  expect(imageIds.length).toBeGreaterThan(50);
  expect((await call(null)).next).toBeNull();
  expect(await copiedCount()).toBe(imageIds.length);
});

test('a page that fails after others leaves them to the call, and the next one begins with it', async () => {
  const last = imageIds.at(-1);
  const { next } = await call(null, (id) => id === last);
  expect(next).toBe(imageIds[49]);
  await expect(call(next, (id) => id === last)).rejects.toThrow('stumbled');
  const { next: end, fetched } = await call(next);
  expect([end, fetched.toSorted()]).toEqual([null, imageIds.slice(50).toSorted()]);
  expect(await copiedCount()).toBe(imageIds.length);
});

test('an attempt of whose pages nobody heard is followed by one that reads the rest only', async () => {
  const last = imageIds.at(-1);
  await call(null, (id) => id === last);
  expect((await call(null)).fetched.toSorted()).toEqual(imageIds.slice(50).toSorted());
  expect(await copiedCount()).toBe(imageIds.length);
});
