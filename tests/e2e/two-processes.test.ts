import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshBackend, type Backend } from '../backends/backend.ts';
import { bearer, makeProject, makeTrainableProject, samples, trainToEnd } from '../integration/api/setup.ts';
import { ownerKey, startOn, startWorkerIfApart, type ProgramProcess, type ServerProcess } from './process.ts';

const perMinute = 40;
let backend: Backend;
let one: ServerProcess;
let two: ServerProcess;
let worker: ProgramProcess | null;

beforeAll(async () => {
  backend = await freshBackend();
  const limits = { TAGLENS_RATE_LIMIT_PREDICTIONS_PER_MINUTE: String(perMinute) };
  one = await startOn(backend, limits);
  two = await startOn(backend, limits);
  worker = await startWorkerIfApart(backend);
});
afterAll(async () => {
  await Promise.all([one.end('SIGTERM'), two.end('SIGTERM')]);
  await worker?.end('SIGTERM');
  await backend.close();
});

interface Answer {
  status: number;
  retryAfter: string | null;
  body: { data?: Record<string, unknown>; errors?: { extensions: Record<string, unknown> }[]; error?: object };
}

async function post(url: string, body: string | Buffer, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers,
  });
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, retryAfter, body: (await response.json()) as Answer['body'] };
}

const graphql = ({ url }: ServerProcess, query: string, variables: object, headers = bearer(ownerKey)) =>
  post(`${url}/graphql`, JSON.stringify({ query, variables }), { ...headers, 'content-type': 'application/json' });

async function publishModel(): Promise<{ projectId: string; iterationId: string; publicationId: string }> {
  const projectId = await makeTrainableProject(one, 4, 51);
  const { id: iterationId } = await trainToEnd(one, projectId);
  const query = 'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }';
  const { publishIteration } = await one.client.request<{ publishIteration: { id: string } }>(query, {
    id: iterationId,
  });
  return { projectId, iterationId, publicationId: publishIteration.id };
}

/** A fresh key, so that a test has the whole share of a minute. */
async function newKey(): Promise<string> {
  const query = 'mutation { createApiKey(input: { name: "limited", role: PREDICTOR }) { secret } }';
  return (await one.client.request<{ createApiKey: { secret: string } }>(query)).createApiKey.secret;
}

/** So that what follows falls into one minute by the clock. */
async function earlyInAMinute(): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 25_000) await new Promise((resolve) => setTimeout(resolve, leftMs));
}

test('requests under one Idempotency-Key act once, also at the same moment in two processes', async () => {
  const query = 'mutation ($name: String!) { createProject(input: { name: $name }) { id } }';
  for (let round = 0; round < 5; round++) {
    const name = `once over two processes ${round}`;
    const headers = { ...bearer(ownerKey), 'idempotency-key': `round-${round}` };
    const answers = await Promise.all([one, two, one, two].map((server) => graphql(server, query, { name }, headers)));
    const later = await graphql(two, query, { name }, headers);
    expect(answers[0]?.body.data?.['createProject']).toMatchObject({ id: expect.any(String) as string });
    for (const { status, body } of [...answers, later]) {
      expect(status).toBe(200);
      expect(body.data).toEqual(answers[0]?.body.data);
    }
    const count = await graphql(two, 'query ($s: String!) { projects(search: $s) { totalCount } }', { s: name });
    expect(count.body.data).toEqual({ projects: { totalCount: 1 } });
  }
});

test('the same tag made in two processes at once exists once', async () => {
  const { projectId } = await makeProject(one);
  const query = 'mutation ($p: ID!) { createTag(input: { projectId: $p, name: "same" }) { id } }';
  const answers = await Promise.all([one, two, one, two].map((server) => graphql(server, query, { p: projectId })));
  const codes = answers.map(({ body }) => body.errors?.[0]?.extensions['code'] ?? 'MADE').sort();
  expect(codes).toEqual(['MADE', 'NAME_TAKEN', 'NAME_TAKEN', 'NAME_TAKEN']);
});

test('what one process publishes the other predicts with at once; limits count over both', async () => {
  const { projectId, iterationId, publicationId } = await publishModel();
  const [photograph] = await samples(1, 52);
  const jpeg = photograph?.jpeg ?? Buffer.alloc(0);
  const predict = ({ url }: ServerProcess, key = ownerKey) =>
    post(`${url}/v1/projects/${projectId}/predict/live`, jpeg, { ...bearer(key), 'content-type': 'image/jpeg' });
  expect((await predict(two)).body).toMatchObject({ iterationId, publishedName: 'live' });

  const key = await newKey();
  await earlyInAMinute();
  const asked = Array.from({ length: perMinute + 10 }, (_, i) => predict(i % 2 ? one : two, key));
  const answers = await Promise.all(asked);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(perMinute);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(10);
  for (const { retryAfter, body } of refused) {
    expect(Number(retryAfter)).toBeGreaterThan(0);
    const retryAfterSeconds = Number(retryAfter);
    expect(body.error).toMatchObject({ code: 'RATE_LIMITED', limit: perMinute, retryAfterSeconds });
  }
  const mutation = `mutation ($p: ID!, $b: String!) {
    predict(input: { projectId: $p, publishedName: "live", image: { base64: $b } }) { id }
  }`;
  const throughGraphql = await graphql(one, mutation, { p: projectId, b: jpeg.toString('base64') }, bearer(key));
  expect(throughGraphql.status).toBe(429);
  expect(Number(throughGraphql.retryAfter)).toBeGreaterThan(0);
  expect(throughGraphql.body.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', limit: perMinute });
  // Another key has its own share.
  expect((await predict(one)).status).toBe(200);

  await graphql(one, 'mutation ($id: ID!) { unpublish(publicationId: $id) }', { id: publicationId });
  expect((await predict(two)).body.error).toMatchObject({ code: 'NOT_FOUND' });
});
