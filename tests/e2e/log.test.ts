import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { loadConfig } from '../../infra/config.ts';
import { openDatabase } from '../../infra/database/open.ts';
import { entities } from '../../schema/entities/index.ts';
import { freshBackend, type Backend } from '../backends/backend.ts';
import { bearer, makeTrainableProject, samples, trainToEnd } from '../integration/api/setup.ts';
import { ownerKey, startOn, type ServerProcess } from './process.ts';

let backend: Backend;
let server: ServerProcess;

beforeAll(async () => {
  backend = await freshBackend();
  server = await startOn(backend, { TAGLENS_LOG_LEVEL: 'trace' });
});
afterAll(async () => {
  await server.end('SIGTERM');
  await backend.close();
});

type Line = Record<string, unknown>;

const linesSaid = (): Line[] =>
  server.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);

/** The lines of a request appear a moment after its answer. */
async function linesOf(requestId: string): Promise<Line[]> {
  for (;;) {
    const lines = linesSaid().filter((line) => line['requestId'] === requestId);
    if (lines.some(({ msg }) => msg === 'request')) return lines;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function send(query: string, variables: object, headers: Record<string, string>): Promise<Response> {
  return fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { ...bearer(ownerKey), 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
}

test('each request is one line, with what it was about', async () => {
  const projectId = await makeTrainableProject(server, 3, 91);
  const { id: iterationId } = await trainToEnd(server, projectId);
  const query = 'query Look($id: ID!) { iteration(id: $id) { name } }';
  const response = await send(query, { id: iterationId }, { 'x-request-id': 'look-1' });
  expect(response.headers.get('x-request-id')).toBe('look-1');
  const expected = { method: 'POST', route: '/graphql', status: 200, operation: 'Look', projectId, iterationId };
  const lines = await linesOf('look-1');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ ...expected, keyId: expect.any(String) as string });
  expect(lines[0]?.['durationMs']).toBeGreaterThanOrEqual(0);

  const made = await send('{ projects { totalCount } }', {}, { 'x-request-id': 'not an\tid of ours' });
  const id = made.headers.get('x-request-id') ?? '';
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect((await linesOf(id))[0]).toMatchObject({ operation: 'projects' });

  const ofTheRun = () => linesSaid().filter(({ runId }) => runId === iterationId);
  // The last one comes after the iteration is told to be over.
  await expect.poll(() => ofTheRun().length).toBeGreaterThan(1);
  for (const line of ofTheRun()) expect(line).toMatchObject({ name: 'training', iterationId });
});

test('no secret reaches the log', async () => {
  const create = 'mutation { createApiKey(input: { name: "k", role: OWNER }) { secret } }';
  const { createApiKey } = await server.client.request<{ createApiKey: { secret: string } }>(create);
  const { secret } = createApiKey;
  await send('{ projects { totalCount } }', {}, { authorization: `Bearer ${secret}` });
  await send('{ projects { totalCount } }', {}, { authorization: `Bearer ${secret}x` });
  await send('{ projects { totalCount } }', {}, { 'x-api-key': secret, authorization: '' });
  await greet(secret);
  for (const path of ['projects', 'projects/none', 'nothing', '%zz', 'projects?name=a&take=x'])
    for (const key of [secret, `${secret}x`])
      await fetch(
        `${server.url}/customvision/v3.3/training/${path}${path.includes('?') ? '&' : '?'}training-key=${key}`,
      );
  const [photograph] = await samples(1, 92);
  const projectId = await makeTrainableProject(server, 2, 93);
  const signed = await signedUrls(projectId);
  await fetch(signed.upload, { method: 'PUT', body: new Uint8Array(photograph?.jpeg ?? []) });
  await fetch(signed.picture);
  const last = await send('{ domains { id } }', {}, {});
  await linesOf(last.headers.get('x-request-id') ?? '');
  const log = server.lines.join('\n');
  const signatures = [signed.upload, signed.picture].map((url) => new URL(url).searchParams.get('signature') ?? url);
  for (const hidden of [ownerKey, secret, ...signatures]) expect(log.includes(hidden), hidden).toBe(false);
});

async function signedUrls(projectId: string): Promise<{ upload: string; picture: string }> {
  const files = [{ name: 'a.jpg', sizeBytes: 10_000 }];
  const mutation = 'mutation ($i: RequestUploadsInput!) { requestUploads(input: $i) { url } }';
  const tickets = await server.client.request<{ requestUploads: { url: string }[] }>(mutation, {
    i: { projectId, files },
  });
  const query = 'query ($p: ID!) { project(id: $p) { images(first: 1) { nodes { url } } } }';
  const { project } = await server.client.request<{ project: { images: { nodes: { url: string }[] } } }>(query, {
    p: projectId,
  });
  return { upload: tickets.requestUploads[0]?.url ?? '', picture: project.images.nodes[0]?.url ?? '' };
}

/** Connects with the key as websockets carry it, asks once and leaves. */
async function greet(secret: string): Promise<void> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const say = (message: object): void => socket.send(JSON.stringify(message));
  socket.on('open', () => say({ type: 'connection_init', payload: { authorization: `Bearer ${secret}` } }));
  await new Promise((resolve) => {
    socket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString()) as { type: string };
      if (type === 'connection_ack') say({ type: 'subscribe', id: '1', payload: { query: '{ domains { id } }' } });
      if (type === 'complete') resolve(undefined);
    });
  });
  socket.close();
}

test('an error that is hidden from the client is found in the log by the id that the client got', async () => {
  const database = await openDatabase(loadConfig(backend.settings).database, entities, []);
  await database.transact((manager) => manager.query('DROP TABLE prediction'));
  await database.close();
  const projectId = await makeTrainableProject(server, 2, 94);
  const query = 'query ($p: ID!) { predictions(projectId: $p) { totalCount } }';
  const response = await send(query, { p: projectId }, { 'x-request-id': 'broken-1' });
  const { errors } = (await response.json()) as { errors: { message: string; extensions: object }[] };
  expect(errors[0]?.extensions).toMatchObject({ code: 'INTERNAL', errorId: 'broken-1' });
  expect(JSON.stringify(errors)).not.toContain('prediction.');
  const failed = (await linesOf('broken-1')).filter(({ err }) => err !== undefined);
  expect(JSON.stringify(failed)).toMatch(/prediction/);
});
