import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../infra/config.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { entities } from '../../../schema/entities/index.ts';
import { SuggestedTag } from '../../../schema/entities/suggested-tag.entity.ts';
import { Suggestion as SuggestionRow } from '../../../schema/entities/suggestion.entity.ts';
import { newId } from '../../../schema/id.ts';
import { uncertaintyOf } from '../../../workers/ml/uncertainty.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { withData } from '../operations/setup.ts';
import { completedIteration } from './completed-iteration.ts';
import {
  addImages,
  answerOf,
  bearer,
  makeProject,
  makeTrainableProject,
  samples,
  startServerOn,
  trainToEnd,
  type TestServer,
} from './setup.ts';

interface Suggestion {
  id: string;
  uncertainty: number;
  image: { id: string };
  results: { tagId: string; tagName: string; probability: number; box: object | null }[];
}

const fields = 'id uncertainty image { id } results { tagId tagName probability box { left } }';

let backend: Backend;
let server: TestServer;
let projectId: string;
let iterationId: string;
let pictures: Buffer[];
let imageIds: string[];

beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend);
  projectId = await makeTrainableProject(server, 4, 61);
  const iteration = await trainToEnd(server, projectId);
  expect(iteration).toMatchObject({ status: 'COMPLETED' });
  iterationId = iteration.id;
  const jpegs = (await samples(3, 62)).map(({ jpeg }) => jpeg);
  const ids = await upload(jpegs);
  // Ids are given as each picture has been looked at, in any order within a batch.
  imageIds = ids.toSorted();
  pictures = imageIds.map((id) => jpegs[ids.indexOf(id)] ?? Buffer.alloc(0));
});
afterAll(async () => {
  await server.close();
  await backend.close();
});

async function upload(jpegs: readonly Buffer[], tagIds: readonly string[] = []): Promise<string[]> {
  const images = jpegs.map((jpeg) => ({ source: { base64: jpeg.toString('base64') } }));
  return (await addImages(server, { projectId, images, tagIds })).map(({ image }) => image?.id ?? '');
}

const ask = <T>(query: string, variables: object): Promise<T> => answerOf<T>(server, query, variables);

const suggestQuery = `mutation ($input: SuggestTagsInput!) { answer: suggestTags(input: $input) { ${fields} } }`;
const suggest = (input: object = {}) => ask<Suggestion[]>(suggestQuery, { input: { iterationId, ...input } });

async function list(variables: object = {}): Promise<Suggestion[]> {
  const query = `query ($iterationId: ID!, $filter: SuggestionFilterInput, $orderBy: SuggestionOrder, $after: String) {
    answer: suggestions(iterationId: $iterationId, filter: $filter, orderBy: $orderBy, first: 4, after: $after) {
      nodes { ${fields} } totalCount pageInfo { hasNextPage endCursor }
    }
  }`;
  const found: Suggestion[] = [];
  let page: { nodes: Suggestion[]; totalCount: number; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
  let after: string | null = null;
  do {
    page = await ask(query, { iterationId, ...variables, after });
    found.push(...page.nodes);
    after = page.pageInfo.endCursor;
  } while (page.pageInfo.hasNextPage);
  expect(page.totalCount).toBe(found.length);
  return found;
}

const idsOf = (suggestions: readonly Suggestion[]): string[] => suggestions.map(({ image }) => image.id);

const codeOf = async (input: object) =>
  (await server.send(suggestQuery, { input: { iterationId, ...input } })).errors[0]?.extensions.code;

describe('suggestions of a classifier', () => {
  test('are made for the untagged images that have none yet, as a prediction would answer', async () => {
    expect(idsOf(await suggest({ first: 5 }))).toEqual(imageIds.slice(0, 5));
    const rest = await suggest();
    expect(idsOf(rest)).toEqual(imageIds.slice(5));
    expect(await suggest()).toEqual([]);
    const query = `mutation ($input: PredictInput!) { answer: predict(input: $input) {
      uncertainty results { tagId tagName probability box { left } }
    } }`;
    const image = { base64: pictures[5]?.toString('base64') };
    const { uncertainty, results } = rest[0] ?? {};
    expect(await ask(query, { input: { projectId, iterationId, image } })).toEqual({ uncertainty, results });
    const probabilities = results?.map(({ probability }) => probability) ?? [];
    expect(uncertainty).toBe(uncertaintyOf('MULTICLASS', probabilities));
  });

  test('come in the order of uncertainty, either way, in pages', async () => {
    const most = await list();
    expect(idsOf(most).toSorted()).toEqual(imageIds.toSorted());
    const uncertainties = most.map(({ uncertainty }) => uncertainty);
    expect(uncertainties).toEqual(uncertainties.toSorted((a, b) => b - a));
    expect(new Set(uncertainties).size).toBeGreaterThan(5);
    expect(await list({ orderBy: 'LEAST_UNCERTAIN' })).toEqual(most.toReversed());
  });

  test('are filtered and counted by tag and probability', async () => {
    const all = await list();
    const threshold = 0.4;
    const query = `query ($iterationId: ID!, $filter: SuggestionFilterInput) {
      answer: suggestedTagCounts(iterationId: $iterationId, filter: $filter) { imageCount tag { id } }
    }`;
    const counts = await ask<{ imageCount: number; tag: { id: string } }[]>(query, {
      iterationId,
      filter: { threshold },
    });
    expect(counts).toHaveLength(5);
    expect(counts.reduce((sum, { imageCount }) => sum + imageCount, 0)).toBeGreaterThan(5);
    for (const { imageCount, tag } of counts) {
      const isSure = ({ results }: Suggestion): boolean =>
        results.some(({ tagId, probability }) => tagId === tag.id && probability >= threshold);
      const found = await list({ filter: { tagIds: [tag.id], threshold } });
      expect(found).toEqual(all.filter(isSure));
      expect(found).toHaveLength(imageCount);
    }
    const doubted = await list({ filter: { threshold: 0.99 } });
    expect(doubted).toEqual(all.filter(({ results }) => (results[0]?.probability ?? 0) >= 0.99));
  });

  test('are replaced by later ones of the same iteration', async () => {
    const before = await list();
    const [again] = await suggest({ imageIds: imageIds.slice(0, 1) });
    expect(again?.id).not.toBe(before.find(({ image }) => image.id === imageIds[0])?.id);
    expect(idsOf(await list())).toEqual(idsOf(before));
  });

  test('pass over images whose picture is damaged or gone, unless they are named', async () => {
    const ids = await upload((await samples(1, 63)).slice(0, 3).map(({ jpeg }) => jpeg));
    const [damaged, gone, whole] = ids.toSorted() as [string, string, string];
    await server.storage.put(keys.imageOriginal(projectId, damaged), Buffer.from('no picture any more'));
    await server.storage.delete(keys.imageOriginal(projectId, gone));
    expect(idsOf(await suggest({ first: 1 }))).toEqual([whole]);
    expect(await suggest()).toEqual([]);
    expect(await codeOf({ imageIds: [damaged] })).toBe('IMAGE_REFUSED');
    expect(await codeOf({ imageIds: [gone] })).toBe('NOT_FOUND');
    await ask('mutation ($ids: [ID!]!) { answer: deleteImages(input: { imageIds: $ids }) }', { ids });
  });

  test('are refused where the model is gone, or more than 1000 pictures', async () => {
    const { projectId: other } = await makeProject(server);
    const row = { projectId: other, name: 'x.jpg', perceptualHash: '', format: 'jpeg', width: 9, height: 9 };
    const more = { sizeBytes: 9, isTest: false, isTagged: false, createdAt: new Date() };
    const lost = Array.from({ length: 1001 }, (_, i) => ({ id: newId(), sha256: String(i), ...row, ...more }));
    const emptied = await withData(backend.settings, async (database) => {
      for (let at = 0; at < lost.length; at += 100)
        await database.transact((manager) => manager.insert(Image, lost.slice(at, at + 100)));
      return completedIteration(database, other);
    });
    const { errors } = await server.send(suggestQuery, { input: { iterationId: emptied } });
    expect(errors[0]?.extensions).toMatchObject({ code: 'NOT_FOUND', what: 'image' });
    await withData(backend.settings, (database) =>
      database.transact((manager) => manager.delete(Image, { id: lost[0]?.id ?? '' })),
    );
    expect(await suggest({ iterationId: emptied })).toEqual([]);
    await addImages(server, {
      projectId: other,
      images: [{ source: { base64: pictures[0]?.toString('base64') } }],
    });
    const { errors: modelGone } = await server.send(suggestQuery, { input: { iterationId: emptied } });
    expect(modelGone[0]?.extensions).toMatchObject({ code: 'NOT_FOUND', what: 'model of iteration' });
  });

  test('are refused for an image of elsewhere, a model that is not there, and a key that may not label', async () => {
    const other = await makeProject(server);
    const source = { base64: pictures[0]?.toString('base64') };
    const [added] = await addImages(server, { projectId: other.projectId, images: [{ source }] });
    expect(await codeOf({ imageIds: [added?.image?.id] })).toBe('NOT_FOUND');
    expect(await codeOf({ iterationId: 'none' })).toBe('NOT_FOUND');
    expect(await codeOf({ first: 65 })).toBe('INVALID');
    const create = `mutation ($input: CreateApiKeyInput!) { answer: createApiKey(input: $input) { secret } }`;
    const { secret } = await ask<{ secret: string }>(create, { input: { name: 'r', role: 'READER' } });
    const { errors } = await server.send(suggestQuery, { input: { iterationId } }, bearer(secret));
    expect(errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('go on the images where they are sure enough, and are gone from there', async () => {
    const all = await list({ orderBy: 'LEAST_UNCERTAIN' });
    const chosen = [...all.slice(0, 3), ...all.slice(-1)];
    const threshold = Math.min(...chosen.slice(0, 3).map(({ results }) => results[0]?.probability ?? 0));
    expect(chosen[3]?.results[0]?.probability).toBeLessThan(threshold);
    const accept = `mutation ($input: AcceptSuggestionsInput!) {
      answer: acceptSuggestions(input: $input) { id tags { id } }
    }`;
    const input = { suggestionIds: chosen.map(({ id }) => id), threshold };
    const accepted = await ask<{ id: string; tags: { id: string }[] }[]>(accept, { input });
    expect(accepted).toEqual(
      chosen.slice(0, 3).map(({ image, results }) => ({ id: image.id, tags: [{ id: results[0]?.tagId }] })),
    );
    expect(await list({ orderBy: 'LEAST_UNCERTAIN' })).toEqual(all.slice(3));
    const { errors } = await server.send(accept, { input });
    expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
  });

  test('for images with tags are answered and not kept', async () => {
    const before = await list();
    const tagged = imageIds.find((id) => !idsOf(before).includes(id)) ?? '';
    expect(idsOf(await suggest({ imageIds: [tagged] }))).toEqual([tagged]);
    expect(await list()).toEqual(before);
  });

  test('go when their image is tagged, uploaded again with a tag, or deleted', async () => {
    const [first, second, third, ...others] = await list();
    const tagId = first?.results[0]?.tagId ?? '';
    const tag = 'mutation ($input: TagImagesInput!) { answer: tagImages(input: $input) { id } }';
    await ask(tag, { input: { imageIds: [first?.image.id], tagIds: [tagId] } });
    await upload([pictures[imageIds.indexOf(second?.image.id ?? '')] ?? Buffer.alloc(0)], [tagId]);
    const remove = 'mutation ($input: DeleteImagesInput!) { answer: deleteImages(input: $input) }';
    await ask(remove, { input: { imageIds: [third?.image.id] } });
    expect(others.length).toBeGreaterThan(3);
    expect(await list()).toEqual(others);
  });

  test('stored predictions can come in that order too', async () => {
    const predict = 'mutation ($input: PredictInput!) { answer: predict(input: $input) { id uncertainty } }';
    const stored: { id: string; uncertainty: number }[] = [];
    for (const picture of pictures.slice(0, 5)) {
      const image = { base64: picture.toString('base64') };
      stored.push(await ask(predict, { input: { projectId, iterationId, image, store: true } }));
    }
    const query = `query ($id: ID!, $orderBy: PredictionOrder, $after: String) {
      answer: predictions(projectId: $id, orderBy: $orderBy, first: 3, after: $after) {
        nodes { id uncertainty } pageInfo { endCursor }
      }
    }`;
    const inOrder = async (orderBy: string) => {
      const [id, found]: [string, { id: string; uncertainty: number }[]] = [projectId, []];
      for (let after: string | null = null; found.length < stored.length;) {
        const page: { nodes: typeof stored; pageInfo: { endCursor: string } } = await ask(query, {
          id,
          orderBy,
          after,
        });
        found.push(...page.nodes);
        after = page.pageInfo.endCursor;
      }
      return found;
    };
    expect(await inOrder('MOST_UNCERTAIN')).toEqual(stored.toSorted((a, b) => b.uncertainty - a.uncertainty));
    expect(await inOrder('OLDEST')).toEqual(stored);
    expect(await inOrder('NEWEST')).toEqual(stored.toReversed());
  });

  test('go after 30 days, and with their iteration', async () => {
    const [oldest, ...others] = await list();
    const database = await openDatabase(loadConfig(backend.settings).database, entities, []);
    const row = await database.read.manager.findOneByOrFail(SuggestionRow, { id: oldest?.id ?? '' });
    expect(row.expiresAt.getTime() - row.createdAt.getTime()).toBe(30 * 86_400_000);
    await database.transact((manager) => manager.update(SuggestionRow, { id: row.id }, { expiresAt: new Date(0) }));
    // Housekeeping begins when a server starts.
    const second = await startServerOn(backend);
    await expect.poll(() => list()).toEqual(others);
    await second.close();
    await ask('mutation ($id: ID!) { answer: deleteIteration(id: $id) }', { id: iterationId });
    expect(await database.read.manager.countBy(SuggestionRow, { iterationId })).toBe(0);
    expect(await database.read.manager.countBy(SuggestedTag, { iterationId })).toBe(0);
    await database.close();
  });
});
