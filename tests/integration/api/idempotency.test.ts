import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, makeProject, ownerKey, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

let lastKey = 0;
const withKey = (key: string) => ({ ...bearer(ownerKey), 'idempotency-key': key });
const newKey = (): string => `key-${++lastKey}`;

const createProject = 'mutation ($name: String!) { createProject(input: { name: $name }) { id } }';

test('a request sent twice under one key acts once and answers the same', async () => {
  const { projectId } = await makeProject(server);
  const [picture] = await samples(1, 61);
  const source = { base64: picture?.jpeg.toString('base64') };
  const requests: [string, object][] = [
    [createProject, { name: 'once' }],
    ['mutation ($p: ID!) { createTag(input: { projectId: $p, name: "once" }) { id } }', { p: projectId }],
    [
      'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { status image { id } } } }',
      { i: { projectId, images: [{ source }] } },
    ],
    [
      'mutation ($i: RequestUploadsInput!) { requestUploads(input: $i) { id expiresAt } }',
      { i: { projectId, files: [{ name: 'a.jpg', sizeBytes: 10 }] } },
    ],
  ];
  for (const [query, variables] of requests) {
    const headers = withKey(newKey());
    const one = await server.send(query, variables, headers);
    expect(one.errors).toEqual([]);
    const two = await server.send(query, variables, headers);
    expect(two.data).toEqual(one.data);
  }
});

test('at the same moment, too', async () => {
  const headers = withKey(newKey());
  const name = 'at the same moment';
  const answers = await Promise.all(Array.from({ length: 8 }, () => server.send(createProject, { name }, headers)));
  expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1);
  const found = await server.send('query ($s: String!) { projects(search: $s) { totalCount } }', { s: name });
  expect(found.data).toEqual({ projects: { totalCount: 1 } });
});

test('refuses the same key for another request', async () => {
  const headers = withKey(newKey());
  await server.send(createProject, { name: 'one' }, headers);
  const { errors } = await server.send(createProject, { name: 'two' }, headers);
  expect(errors[0]?.extensions.code).toBe('IDEMPOTENCY_MISMATCH');
});

test('shows the secret of a new API key only the first time', async () => {
  const headers = withKey(newKey());
  const query = 'mutation { createApiKey(input: { name: "k", role: READER }) { secret apiKey { id } } }';
  const [one, two] = [await server.send(query, {}, headers), await server.send(query, {}, headers)];
  const [first, second] = [one.data?.['createApiKey'], two.data?.['createApiKey']] as { secret: string | null }[];
  expect(first?.secret).toMatch(/^tl_/);
  expect(second).toEqual({ ...first, secret: null });
});
