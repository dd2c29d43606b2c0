import { request } from 'node:http';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { freshBackend } from '../../backends/backend.ts';
import {
  addImages,
  bearer,
  makeProject,
  ownerKey,
  samples,
  startServer,
  startServerOn,
  type TestServer,
} from './setup.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const anything = '{ domains { id } projects { totalCount } }';

interface NewKey {
  apiKey: { id: string };
  secret: string;
}

async function makeKey(role: string, projectId: string | null = null): Promise<NewKey> {
  const query = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`;
  const answer = await server.client.request<{ createApiKey: NewKey }>(query, {
    input: { name: role, role, projectId },
  });
  return answer.createApiKey;
}

/** Through node:http, which lets a test set Host and Origin as a browser would. */
function playground(headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(server.url);
  const options = { hostname, port, path: '/graphql', method: 'POST' };
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, headers: { 'content-type': 'application/json', ...headers } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject).end(JSON.stringify({ query: anything }));
  });
}

test('refuses who has no key, a wrong key or a malformed header', async () => {
  for (const headers of [{}, bearer('tl_wrong'), { 'x-api-key': 'tl_wrong' }, { authorization: 'Basic abc' }]) {
    const { status, errors } = await server.send(anything, {}, headers);
    expect([status, errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  }
});

test('takes a key as Bearer or as X-Api-Key, until it is revoked', async () => {
  const { apiKey, secret } = await makeKey('READER');
  expect((await server.send(anything, {}, bearer(secret))).errors).toEqual([]);
  expect((await server.send(anything, {}, { 'x-api-key': secret })).errors).toEqual([]);
  await server.client.request(`mutation ($id: ID!) { revokeApiKey(id: $id) }`, { id: apiKey.id });
  expect((await server.send(anything, {}, bearer(secret))).status).toBe(401);
});

test('a key that is revoked opens nothing more over a websocket that is open, which is closed soon', async () => {
  const { apiKey, secret } = await makeKey('READER');
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  const connectionParams = { authorization: `Bearer ${secret}` };
  const how = { lazy: false, retryAttempts: 0, onNonLazyError: () => undefined };
  const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, ...how });
  const closing = new Promise<unknown>((resolve) => client.on('closed', resolve));
  const ask = async () => (await client.iterate({ query: anything }).next()).value as object;
  expect(await ask()).toMatchObject({ data: {} });
  await server.client.request(`mutation ($id: ID!) { revokeApiKey(id: $id) }`, { id: apiKey.id });
  // It may have been closed by now.
  const refusal: unknown = await ask().catch((error: unknown) => error);
  expect([refusal].flat()).toMatchObject([
    refusal instanceof Array ? { extensions: { code: 'UNAUTHENTICATED' } } : { code: 4403 },
  ]);
  expect(await closing).toMatchObject({ code: 4403, reason: expect.stringContaining('was revoked') as string });
});

test('lists keys without their secrets, and keeps the last owner', async () => {
  const { secret } = await makeKey('READER');
  const { apiKeys } = await server.client.request<{ apiKeys: { id: string; role: string }[] }>(
    '{ apiKeys { id name role projectId createdAt revokedAt } }',
  );
  expect(JSON.stringify(apiKeys)).not.toContain(secret);
  const owner = apiKeys.find(({ role }) => role === 'OWNER');
  const { errors } = await server.send(`mutation ($id: ID!) { revokeApiKey(id: $id) }`, { id: owner?.id });
  expect(errors[0]?.message).toContain('last owner key');
});

test('an owner key of the settings that was revoked is not made again by the next start', async () => {
  const backend = await freshBackend();
  const first = await startServerOn(backend);
  const made = await first.send('mutation { createApiKey(input: { name: "o", role: OWNER }) { secret } }');
  const { secret } = made.data?.['createApiKey'] as NewKey;
  const { data } = await first.send('{ apiKeys { id name } }');
  const preset = (data?.['apiKeys'] as { id: string; name: string }[]).find(({ name }) => name === 'first owner');
  await first.send('mutation ($id: ID!) { revokeApiKey(id: $id) }', { id: preset?.id }, bearer(secret));
  await first.close();
  const second = await startServerOn(backend);
  expect((await second.send(anything, {}, bearer(ownerKey))).status).toBe(401);
  const { apiKeys } = (await second.send('{ apiKeys { id } }', {}, bearer(secret))).data as { apiKeys: object[] };
  expect(apiKeys).toHaveLength(2);
  await second.close();
  await backend.close();
});

const operations = {
  read: '{ projects { totalCount } }',
  train: 'mutation { createProject(input: { name: "x" }) { id } }',
  administer: '{ apiKeys { id } }',
  label: 'mutation ($id: ID!) { createTag(input: { projectId: $id, name: "t" }) { id } }',
  publish: 'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "p" }) { id } }',
  predict:
    'mutation ($id: ID!) { predict(input: { projectId: $id, publishedName: "p", image: { base64: "AAAA" } }) { id } }',
};

const allowed: Record<string, (keyof typeof operations)[]> = {
  OWNER: ['read', 'train', 'administer', 'label', 'predict'],
  TRAINER: ['read', 'train', 'label', 'predict'],
  LABELER: ['read', 'label'],
  DEPLOYER: ['read', 'predict'],
  READER: ['read'],
  PREDICTOR: ['predict'],
};

test.each(Object.keys(allowed))('a key of the role %s may do what its role says and nothing else', async (role) => {
  const { projectId } = await makeProject(server);
  const { secret } = await makeKey(role);
  for (const [name, query] of Object.entries(operations)) {
    // Publishing needs an iteration, which does not exist here: asked for in the training tests.
    if (name === 'publish') continue;
    const { errors } = await server.send(query, { id: projectId }, bearer(secret));
    const isForbidden = errors[0]?.extensions.code === 'FORBIDDEN';
    expect([name, isForbidden]).toEqual([name, !allowed[role]?.includes(name as keyof typeof operations)]);
  }
});

test('a key that may label deletes images that it names, but no tag and not all images of a project', async () => {
  const { projectId, tagIds } = await makeProject(server, { tags: ['a'] });
  const [sample] = await samples(1, 4, 64);
  const images = [{ source: { base64: sample?.jpeg.toString('base64') } }];
  const input = { imageIds: [(await addImages(server, { projectId, images }))[0]?.image?.id] };
  const [labeler, trainer] = [await makeKey('LABELER'), await makeKey('TRAINER')];
  const deleteTag = async ({ secret }: NewKey) =>
    (await server.send('mutation ($id: ID!) { deleteTag(id: $id) }', { id: tagIds['a'] }, bearer(secret))).errors;
  const deleteAll = async ({ secret }: NewKey) => {
    const path = `customvision/v3.3/training/projects/${projectId}/images?allImages=true`;
    return (await fetch(`${server.url}/${path}`, { method: 'DELETE', headers: { 'Training-Key': secret } })).status;
  };
  expect(await deleteTag(labeler)).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  expect(await deleteAll(labeler)).toBe(403);
  const deleteImages = 'mutation ($input: DeleteImagesInput!) { deleteImages(input: $input) }';
  expect((await server.send(deleteImages, { input }, bearer(labeler.secret))).data).toEqual({ deleteImages: 1 });
  expect(await deleteTag(trainer)).toEqual([]);
  expect(await deleteAll(trainer)).toBe(202);
});

test('a key of one project opens that project only', async () => {
  const [own, other] = [await makeProject(server), await makeProject(server)];
  const { secret } = await makeKey('TRAINER', own.projectId);
  const query = `query ($id: ID!) { project(id: $id) { id } projects { nodes { id } } }`;
  const mine = await server.send(query, { id: own.projectId }, bearer(secret));
  expect(mine.data).toEqual({ project: { id: own.projectId }, projects: { nodes: [{ id: own.projectId }] } });
  const theirs = await server.send(query, { id: other.projectId }, bearer(secret));
  expect(theirs.errors[0]?.extensions.code).toBe('FORBIDDEN');
  const made = await server.send(operations.train, {}, bearer(secret));
  expect(made.errors[0]?.extensions.code).toBe('FORBIDDEN');
});

test('a key that may only predict does not reach iterations by their ids, published or not', async () => {
  const { projectId } = await makeProject(server);
  const query = `mutation ($id: ID!) {
    predict(input: { projectId: $id, iterationId: "i", image: { base64: "AAAA" } }) { id }
  }`;
  const codeFor = async (role: string) => {
    const { secret } = await makeKey(role);
    return (await server.send(query, { id: projectId }, bearer(secret))).errors[0]?.extensions.code;
  };
  expect([await codeFor('PREDICTOR'), await codeFor('DEPLOYER')]).toEqual(['FORBIDDEN', 'NOT_FOUND']);
});

test('the playground needs no key on this machine, and only there', async () => {
  const { host, port } = new URL(server.url);
  expect(await playground({ host, origin: `http://${host}` })).toBe(200);
  expect(await playground({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(200);
  expect(await playground({ host })).toBe(401);
  expect(await playground({ host, origin: 'https://evil.example' })).toBe(401);
  // A foreign name that was made to point here: DNS rebinding.
  expect(await playground({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` })).toBe(401);
  expect(await playground({ host, origin: `http://${host}`, 'x-forwarded-for': '203.0.113.7' })).toBe(401);
});
