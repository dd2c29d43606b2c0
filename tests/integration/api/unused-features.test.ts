import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetUnusedFeatures } from '../../../api/upkeep/unused-features.ts';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { migrations } from '../../../migrations/index.ts';
import { CachedFeature } from '../../../schema/entities/cached-feature.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { entities } from '../../../schema/entities/index.ts';
import { newId } from '../../../schema/id.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';

let backend: Backend;
let database: Database;
const never = new AbortController().signal;

beforeAll(async () => {
  backend = await freshBackend();
  database = await openDatabase(loadConfig(backend.settings).database, entities, migrations, { migrate: true });
});
afterAll(async () => {
  await database.close();
  await backend.close();
});

const contentOf = (i: number): string => String(i).padStart(64, '0');

test('features of pictures that no project has are forgotten, for every backbone, and the others stay', async () => {
  const facts = { name: 'x', format: 'jpeg', width: 1, height: 1, sizeBytes: 1, perceptualHash: '0'.repeat(16) };
  const images = [0, 3, 700].map((i) => ({
    ...facts,
    id: newId(),
    projectId: newId(),
    sha256: contentOf(i),
    isTest: false,
    createdAt: new Date(),
  }));
  const features = ['a', 'b'].flatMap((extractor) =>
    Array.from({ length: 701 }, (_, i) => ({ extractor, sha256: contentOf(i), packId: newId(), packIndex: 0 })),
  );
  await database.transact(async (manager) => {
    await manager.insert(Image, images);
    for (let at = 0; at < features.length; at += 200) await manager.insert(CachedFeature, features.slice(at, at + 200));
  });
  expect(await forgetUnusedFeatures(database, never)).toBe(2 * 698);
  const left = await database.read.manager.find(CachedFeature, { order: { extractor: 'ASC', sha256: 'ASC' } });
  expect(left.map(({ extractor, sha256 }) => `${extractor} ${Number(sha256)}`)).toEqual(
    ['a', 'b'].flatMap((extractor) => [0, 3, 700].map((i) => `${extractor} ${i}`)),
  );
  expect(await forgetUnusedFeatures(database, never)).toBe(0);
});
