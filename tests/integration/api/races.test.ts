import { IsNull } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve } from '../../../api/main.ts';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { ApiKey } from '../../../schema/entities/api-key.entity.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { ServerSecret } from '../../../schema/entities/server-secret.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { entities } from '../../../schema/entities/index.ts';
import { newId } from '../../../schema/id.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { completedIteration } from './completed-iteration.ts';
import { addImages, bearer, makeProject, makeTrainableProject, ownerKey, samples } from './setup.ts';
import { startServerOn, type GraphqlAnswer, type TestServer } from './setup.ts';

/** Two servers on the same data, and a look at the rows from outside. */
let backend: Backend;
let servers: [TestServer, TestServer];
let database: Database;
beforeAll(async () => {
  backend = await freshBackend();
  servers = [await startServerOn(backend), await startServerOn(backend)];
  database = await openDatabase(loadConfig(backend.settings).database, entities, []);
});
afterAll(async () => {
  await database.close();
  for (const server of servers) await server.close();
  await backend.close();
});

const create = 'mutation ($input: CreateTagInput!) { done: createTag(input: $input) { id } }';
const train = 'mutation ($input: TrainIterationInput!) { done: trainIteration(input: $input) { id } }';
const publish = 'mutation ($input: PublishIterationInput!) { done: publishIteration(input: $input) { id } }';
const attach = 'mutation ($input: TagImagesInput!) { done: tagImages(input: $input) { id } }';
const createKey = 'mutation { done: createApiKey(input: { name: "n", role: OWNER }) { apiKey { id } } }';
const withId = (name: string) => `mutation ($id: ID!) { done: ${name}(id: $id) }`;

/** The same request so many times at once, at one server and the other by turns. */
function hammer(times: number, query: string, variables: object, headers = bearer(ownerKey)): Promise<GraphqlAnswer[]> {
  return Promise.all(Array.from({ length: times }, (_, i) => at(i).send(query, variables, headers)));
}
const at = (index: number): TestServer => servers[index % 2] as TestServer;
const outcome = ({ errors }: GraphqlAnswer): string => errors[0]?.extensions.code ?? 'OK';
const tally = (outcomes: string[]) =>
  Object.fromEntries([...new Set(outcomes)].sort().map((one) => [one, outcomes.filter((each) => each === one).length]));
const idOf = ({ data }: GraphqlAnswer): string => (data?.['done'] as { id: string }).id;

async function pictures(count: number): Promise<string[]> {
  const rendered = await samples(count, Math.floor(Math.random() * 1e6), 64);
  return rendered.slice(0, count).map(({ jpeg }) => jpeg.toString('base64'));
}

async function projectWithImages(tags: string[], count: number) {
  const { projectId, tagIds } = await makeProject(servers[0], { tags, classificationType: 'MULTILABEL' });
  const images = (await pictures(count)).map((base64) => ({ source: { base64 } }));
  const imageIds = (await addImages(servers[0], { projectId, images })).map(({ image }) => image?.id as string);
  return { projectId, tagIds: Object.values(tagIds), imageIds };
}

test('of identical pictures that arrive at once one is taken in, and the others are its duplicates', async () => {
  const { projectId } = await makeProject(servers[0]);
  const [base64] = await pictures(1);
  const input = { projectId, images: [{ source: { base64 } }] };
  const results = (await Promise.all(Array.from({ length: 8 }, (_, i) => addImages(at(i), input)))).flat();
  expect(tally(results.map(({ status }) => status))).toEqual({ DUPLICATE: 7, OK: 1 });
  expect(new Set(results.map(({ image }) => image?.id)).size).toBe(1);
  expect(await database.read.manager.countBy(Image, { projectId })).toBe(1);
});

test('a name that is wanted eight times at once is given once', async () => {
  const { projectId } = await makeProject(servers[0]);
  const answers = await hammer(8, create, { input: { projectId, name: 'apple' } });
  expect(tally(answers.map(outcome))).toEqual({ NAME_TAKEN: 7, OK: 1 });
});

test('one request that is sent eight times at once under one key acts once, and all get its answer', async () => {
  const { projectId } = await makeProject(servers[0]);
  const headers = { ...bearer(ownerKey), 'idempotency-key': newId() };
  const answers = await hammer(8, create, { input: { projectId, name: 'apple' } }, headers);
  expect(tally(answers.map(outcome))).toEqual({ OK: 8 });
  expect(new Set(answers.map(idOf)).size).toBe(1);
});

test('of six trainings that are asked for at once one begins', async () => {
  const projectId = await makeTrainableProject(servers[0], 3, 11);
  const answers = await hammer(6, train, { input: { projectId } });
  expect(tally(answers.map(outcome))).toEqual({ OK: 1, TRAINING_RUNNING: 5 });
  await servers[0].send('mutation ($id: ID!) { cancelIteration(id: $id) { id } }', {
    id: idOf(answers.find(({ errors }) => errors.length === 0) as GraphqlAnswer),
  });
});

test('changes at once are all counted, and a limit of one tag an image holds', async () => {
  const { projectId, tagIds } = await makeProject(servers[0], { tags: ['a', 'b', 'c', 'd'] });
  const images = (await pictures(1)).map((base64) => ({ source: { base64 } }));
  const [added] = await addImages(servers[0], { projectId, images });
  const imageIds = [added?.image?.id];
  const version = async () => (await database.read.manager.findOneByOrFail(Project, { id: projectId })).contentVersion;
  const before = await version();
  const answers = await Promise.all(
    Object.values(tagIds).map((id, i) => at(i).send(attach, { input: { imageIds, tagIds: [id] } })),
  );
  expect(tally(answers.map(outcome))).toEqual({ OK: 1, TAG_CONFLICT: 3 });
  expect(await version()).toBe(before + 1);
  expect(await database.read.manager.countBy(ImageTag, { projectId })).toBe(1);
});

test('tagging against deleting leaves no link without its image or tag', async () => {
  const { projectId, tagIds, imageIds } = await projectWithImages(['a', 'b', 'c'], 6);
  const remove = 'mutation ($input: DeleteImagesInput!) { done: deleteImages(input: $input) }';
  const answers = await Promise.all([
    ...imageIds.map((id, i) => at(i).send(attach, { input: { imageIds: [id], tagIds } })),
    ...imageIds.slice(3).map((id, i) => at(i).send(remove, { input: { imageIds: [id] } })),
    at(1).send(withId('deleteTag'), { id: tagIds[0] }),
  ]);
  expect(answers.map(outcome).filter((code) => !['OK', 'NOT_FOUND'].includes(code))).toEqual([]);
  const known = async (entity: typeof Image | typeof Tag) =>
    (await database.read.manager.findBy(entity, { projectId })).map(({ id }) => id);
  const [images, tags] = [await known(Image), await known(Tag)];
  const links = await database.read.manager.findBy(ImageTag, { projectId });
  expect(links.filter(({ imageId, tagId }) => !images.includes(imageId) || !tags.includes(tagId))).toEqual([]);
});

test('publishing against deleting never leaves a name without its iteration', async () => {
  const { projectId } = await makeProject(servers[0]);
  for (let round = 0; round < 8; round += 1) {
    const id = await completedIteration(database, projectId);
    const ask = { input: { iterationId: id, name: `name-${round}` } };
    const answers = await Promise.all([
      at(round).send(publish, ask),
      at(round + 1).send(withId('deleteIteration'), { id }),
      at(round).send(publish, { input: { ...ask.input, name: `other-${round}` } }),
    ]);
    const codes = answers.map(outcome);
    expect(codes.filter((code) => !['OK', 'NOT_FOUND', 'PUBLISHED'].includes(code))).toEqual([]);
    const names = await database.read.manager.countBy(Publication, { iterationId: id });
    const isThere = await database.read.manager.existsBy(Iteration, { id });
    expect({ isThere, names }).toEqual(isThere ? { isThere, names: 2 } : { isThere, names: 0 });
  }
});

test('of two owner keys that are revoked at once one stays', async () => {
  await at(0).send(createKey);
  const owners = await database.read.manager.findBy(ApiKey, { revokedAt: IsNull() });
  const answers = await Promise.all(owners.map(({ id }, i) => at(i).send(withId('revokeApiKey'), { id })));
  expect(owners).toHaveLength(2);
  expect(answers.map(outcome).filter((code) => code === 'OK')).toHaveLength(1);
  expect(await database.read.manager.countBy(ApiKey, { revokedAt: IsNull() })).toBe(1);
});

test('two processes that start at once on nothing make one owner key and each secret once', async () => {
  const fresh = await freshBackend();
  const env = { ...fresh.settings, TAGLENS_PORT: '0', TAGLENS_LOG_LEVEL: 'silent' };
  const both = await Promise.all([serve(env), serve(env)]);
  const rows = await openDatabase(loadConfig(env).database, entities, []);
  expect(both.filter((server) => server.ownerKey !== null)).toHaveLength(1);
  expect(await rows.read.manager.count(ApiKey)).toBe(1);
  const secrets = await rows.read.manager.find(ServerSecret, { order: { name: 'ASC' } });
  expect(secrets.map(({ name }) => name)).toEqual(['installation', 'url-signing']);
  await rows.close();
  for (const server of both) await server.close();
  await fresh.close();
});
