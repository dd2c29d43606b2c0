import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ProjectKind, TagType } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { loadSnapshot } from '../../../workers/activities/take-snapshot.ts';
import { newRunner, type TrainingRunner } from './runner.ts';
import { createTrainingData, insertIteration, type TrainingData } from './setup.ts';
import { StoredProject } from './stored-project.ts';

let data: TrainingData;
let database: Database;
let worker: TrainingRunner;
let projectId: string;
const [fork, knife, nothing] = [newId(), newId(), newId()];
const createdAt = new Date();
const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };

beforeAll(async () => {
  data = await createTrainingData();
  database = await data.open();
  worker = newRunner({ database, storage: data.storage, threads: 1 });
  ({ id: projectId } = await StoredProject.create(database, data.storage, ProjectKind.DETECTION));
  const facts = { projectId, description: '', createdAt };
  await database.transact(async (manager) => {
    await manager.insert(Tag, { id: fork, name: 'fork', type: TagType.REGULAR, ...facts });
    await manager.insert(Tag, { id: knife, name: 'knife', type: TagType.REGULAR, ...facts });
    await manager.insert(Tag, { id: nothing, name: 'nothing', type: TagType.NEGATIVE, ...facts });
  });
  await addImage('both', [knife, fork, knife]);
  await addImage('knife only', [knife]);
  await addImage('background', [], [nothing]);
  await addImage('not labelled yet', []);
});
afterAll(async () => {
  await worker.release();
  await data.remove();
});

/** With a region of each of these tags, and their links. */
async function addImage(name: string, drawn: string[], tags: string[] = []): Promise<void> {
  const id = newId();
  const facts = { format: 'jpeg', width: 9, height: 9, sizeBytes: 1, isTest: false, createdAt };
  const image = { id, projectId, name, sha256: name.padEnd(64), perceptualHash: '0'.repeat(16), ...facts };
  await database.transact(async (manager) => {
    await manager.insert(Image, image);
    for (const tagId of new Set([...drawn, ...tags]))
      await manager.insert(ImageTag, { imageId: id, tagId, projectId, createdAt });
    for (const tagId of drawn)
      await manager.insert(Region, { id: newId(), imageId: id, projectId, tagId, ...box, createdAt });
  });
}

async function snapshotOf(tagIds: string[] | null) {
  const iterationId = await insertIteration(database, projectId, { tagIds, inputSize: 320 });
  await worker.activities.takeSnapshot({ iterationId }, { signal: new AbortController().signal });
  const snapshot = await loadSnapshot({ storage: data.storage }, iterationId);
  if (snapshot.kind !== 'DETECTION') throw new Error('It is not for detection.');
  const images = snapshot.images.map(({ sha256, tagIndexes, regions }) => ({
    name: sha256.trim(),
    tagIndexes,
    regions: regions.map(({ tagIndex }) => tagIndex),
  }));
  return { tags: snapshot.tags.map(({ name }) => name), images, first: snapshot.images[0]?.regions[0] };
}

test('has regions in the order of drawing, background as such, and nothing that is not labelled yet', async () => {
  expect(await snapshotOf(null)).toEqual({
    tags: ['fork', 'knife'],
    images: [
      { name: 'both', tagIndexes: [0, 1], regions: [1, 0, 1] },
      { name: 'knife only', tagIndexes: [1], regions: [1] },
      { name: 'background', tagIndexes: [], regions: [] },
    ],
    first: { tagIndex: 1, ...box },
  });
});

test('of chosen tags has their regions only; an image of other tags is no background', async () => {
  expect(await snapshotOf([fork, nothing])).toMatchObject({
    tags: ['fork'],
    images: [
      { name: 'both', tagIndexes: [0], regions: [0] },
      { name: 'background', tagIndexes: [], regions: [] },
    ],
  });
});
