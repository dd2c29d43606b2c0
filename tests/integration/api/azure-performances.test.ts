import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../infra/config.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { entities } from '../../../schema/entities/index.ts';
import { writeEvaluation } from '../../../workers/ml/evaluation-file.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { completedIteration } from './completed-iteration.ts';
import { addImages, makeProject, ownerKey, samples, startServerOn, type TestServer } from './setup.ts';

interface Judged {
  id: string;
  predictions: { tagName: string; probability: number }[];
}

const tagNames = Array.from({ length: 12 }, (_, index) => `tag ${index}`);

let backend: Backend;
let server: TestServer;
let path: string;
let tagIds: string[];
/** Oldest first. */
let imageIds: string[];

beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend);
  const project = await makeProject(server, { tags: tagNames });
  const { projectId } = project;
  tagIds = tagNames.map((name) => project.tagIds[name] ?? '');
  imageIds = [];
  for (const { jpeg } of (await samples(1, 31, 64)).slice(0, 4)) {
    const images = [{ source: { base64: jpeg.toString('base64') } }];
    imageIds.push((await addImages(server, { projectId, images }))[0]?.image?.id ?? '');
  }
  const database = await openDatabase(loadConfig(backend.settings).database, entities, []);
  const iterationId = await completedIteration(database, projectId);
  await database.close();
  await server.storage.put(keys.evaluation(iterationId), evaluation());
  path = `projects/${projectId}/iterations/${iterationId}/performance/images`;
});
afterAll(async () => {
  await server.close();
  await backend.close();
});

/** Images of the first two tags in turn. The model is sure of the first tag, and surest in the second image. */
function evaluation(): Buffer {
  const sure = [0.5, 0.9, 0.6, 0.7];
  return writeEvaluation({
    kind: 'MULTICLASS',
    tags: tagIds.map((id, i) => ({ id, name: tagNames[i] ?? '', type: 'REGULAR' })),
    imageIds,
    targets: imageIds.map((_, index) => [index % 2]),
    isTest: imageIds.map(() => false),
    measuredOn: 'OUT_OF_FOLD',
    probabilities: Float32Array.from(sure.flatMap((p) => tagIds.map((_, tag) => (tag === 0 ? p : (1 - p) / 11)))),
  });
}

async function ask<T>(suffix: string): Promise<T> {
  const response = await fetch(`${server.url}/customvision/v3.4-preview/training/${path}${suffix}`, {
    headers: { 'Training-Key': ownerKey },
  });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

const idsOf = async (query: string): Promise<string[]> => (await ask<Judged[]>(query)).map(({ id }) => id);
const named = (...places: number[]): (string | undefined)[] => places.map((place) => imageIds[place]);

describe('what an iteration says of images, in Azure’s format', () => {
  it('tells the probability of every tag, however many there are', async () => {
    for (const { predictions } of await ask<Judged[]>('')) {
      expect(predictions.map(({ tagName }) => tagName).toSorted()).toEqual(tagNames.toSorted());
      expect(predictions[0]?.tagName).toBe('tag 0');
    }
  });

  it('goes by time, the newest first unless it is asked otherwise', async () => {
    for (const query of ['', '?orderBy=Newest']) expect(await idsOf(query)).toEqual(named(3, 2, 1, 0));
    expect(await idsOf('?orderBy=oldest&skip=1&take=2')).toEqual(named(1, 2));
    expect(await idsOf(`?orderBy=Oldest&tagIds=${tagIds[1]}`)).toEqual(named(1, 3));
  });

  it('leaves out what was deleted since, without holes in pages and in the count too', async () => {
    const input = { imageIds: named(3) };
    await server.client.request('mutation ($input: DeleteImagesInput!) { deleteImages(input: $input) }', { input });
    expect(await idsOf('?take=2')).toEqual(named(2, 1));
    expect(await idsOf('?take=2&skip=2')).toEqual(named(0));
    expect(await ask<number>('/count')).toBe(3);
    expect(await ask<number>(`/count?tagIds=${tagIds[1]}`)).toBe(1);
  });

  it('counts by more tags than may be listed by', async () => {
    const many = Array.from({ length: 64 }, (_, index) => tagIds[index % tagIds.length]).join(',');
    expect(await ask<number>(`/count?tagIds=${many}`)).toBe(3);
  });
});
