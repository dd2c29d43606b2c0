import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { CachedFeature } from '../../../schema/entities/cached-feature.entity.ts';
import { FeatureCache } from '../../../workers/activities/feature-cache.ts';
import { createTrainingData, type TrainingData } from './setup.ts';

let data: TrainingData;
let database: Database;
let storage: Storage;
let reads: string[];
let cache: FeatureCache;

beforeEach(async () => {
  data = await createTrainingData();
  database = await data.open();
  reads = [];
  const get: Storage['get'] = (key) => {
    reads.push(key);
    return data.storage.get(key);
  };
  storage = Object.create(data.storage, { get: { value: get } }) as Storage;
  cache = new FeatureCache({ database, storage }, 'efficientnet-lite0');
});
afterEach(() => data.remove());

const contentOf = (i: number): string => i.toString(16).padStart(64, '0');
const featureOf = (i: number): Float32Array => Float32Array.of(i, i / 3, 0);
const contents = (count: number): string[] => Array.from({ length: count }, (_, i) => contentOf(i));

async function keep(own: FeatureCache, indexes: number[]): Promise<void> {
  const writer = own.writer();
  for (const i of indexes) writer.add(contentOf(i), featureOf(i));
  await writer.finish();
}

async function packKeys(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list('features/')) keys.push(key);
  return keys;
}

test('keeps features in packs of 64 and reads each pack once', async () => {
  await keep(cache, [...Array(150).keys()]);
  expect(await packKeys()).toHaveLength(3);
  const wanted = [...contents(150).reverse(), contentOf(7)];
  expect(await cache.listKept([...wanted, contentOf(999)])).toEqual(new Set(wanted));
  expect(await cache.load(wanted)).toEqual(wanted.map((content) => featureOf(parseInt(content, 16))));
  expect(reads).toHaveLength(3);
});

test('two workers that compute the same do no harm: the rows of the first stay', async () => {
  const other = new FeatureCache({ database: await data.open(), storage }, 'efficientnet-lite0');
  await keep(cache, [0, 1, 2]);
  const rows = await database.read.manager.find(CachedFeature);
  await keep(other, [2, 3, 1]);
  expect(await database.read.manager.find(CachedFeature)).toEqual(expect.arrayContaining(rows));
  expect(await other.load(contents(4))).toEqual([0, 1, 2, 3].map(featureOf));
});

test('another backbone has features of its own', async () => {
  await keep(cache, [0]);
  const other = new FeatureCache({ database, storage }, 'efficientnet-lite2');
  expect(await other.listKept(contents(1))).toEqual(new Set());
  await expect(other.load(contents(1))).rejects.toThrow(/features of the image .* are gone/);
});

test('features whose pack was lost are computed again', async () => {
  await keep(cache, [0, 1]);
  await keep(cache, [2]);
  const [first = ''] = (await packKeys()).sort();
  await storage.delete(first);
  expect(await cache.listKept(contents(3))).toEqual(new Set([contentOf(2)]));
  await keep(cache, [0, 1]);
  expect(await cache.load(contents(3))).toEqual([0, 1, 2].map(featureOf));
});

test('says when a pack could not be stored, and writes no row for it', async () => {
  const put = (): Promise<never> => Promise.reject(new Error('The disk is full.'));
  const broken = Object.create(storage, { put: { value: put } }) as Storage;
  const own = new FeatureCache({ database, storage: broken }, 'efficientnet-lite0');
  await expect(keep(own, [0])).rejects.toThrow('The disk is full.');
  expect(await database.read.manager.count(CachedFeature)).toBe(0);
});
