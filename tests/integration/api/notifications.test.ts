import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer as startReceiver, stopServers } from '../urls/local-server.ts';
import { aWholeTest, until } from '../../until.ts';
import { makeProject, makeTrainableProject, startServer, trainToEnd, type TestServer } from './setup.ts';

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}
interface Logged {
  id: string;
  subject: string;
  status: string;
  attempts: number;
  lastError: string | null;
}

let server: TestServer;
const received: Received[] = [];
/** How the next requests are answered; 204 when there is nothing here. */
const statuses: number[] = [];
let url: string;

beforeAll(async () => {
  const port = await startReceiver((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 204).end();
    });
  });
  url = `http://127.0.0.1:${port}/hook?x=1`;
  server = await startServer({ TAGLENS_URL_ALLOW: '127.0.0.1/32' });
});
afterAll(async () => {
  await server.close();
  await stopServers();
});

async function setUrl({ client }: TestServer, projectId: string, address: string): Promise<string> {
  const text = 'mutation ($input: SetNotificationUrlInput!) { setNotificationUrl(input: $input) { secret } }';
  const variables = { input: { projectId, url: address } };
  return (await client.request<{ setNotificationUrl: { secret: string } }>(text, variables)).setNotificationUrl.secret;
}

async function logOf({ client }: TestServer, projectId: string): Promise<Logged[]> {
  const text = 'query ($id: ID!) { project(id: $id) { notifications { id subject status attempts lastError } } }';
  return (await client.request<{ project: { notifications: Logged[] } }>(text, { id: projectId })).project
    .notifications;
}

/** What came for the project, by the order in which it came. */
const messagesOf = (projectId: string): Received[] => received.filter(({ body }) => body.includes(projectId));

it('tests the address, and tells of the end of a training in a message signed with its secret', async () => {
  const projectId = await makeTrainableProject(server, 6, 3);
  const secret = await setUrl(server, projectId, url);
  const { id, status } = await trainToEnd(server, projectId);
  expect(status).toBe('COMPLETED');
  await until(async () => (await logOf(server, projectId)).every((row) => row.status === 'DELIVERED'), aWholeTest);
  const bodies = messagesOf(projectId).map(({ body }) => JSON.parse(body) as unknown);
  expect(bodies).toEqual([
    { version: '1.0', type: 'ConnectionTest', Content: { projectId } },
    { version: '1.0', type: 'Training', Content: { projectId, iterationId: id, trainingStatus: 'TrainingCompleted' } },
  ]);
  for (const { headers, body } of messagesOf(projectId)) {
    const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['taglens-signature'])) ?? [];
    expect(signature).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
    expect(Math.abs(Date.now() / 1000 - Number(seconds))).toBeLessThan(60);
  }
});

it('sends a message again, under the same id, until it is taken', async () => {
  const { projectId } = await makeProject(server);
  statuses.push(503, 500);
  await setUrl(server, projectId, url);
  await until(async () => (await logOf(server, projectId))[0]?.status === 'DELIVERED', aWholeTest);
  const [logged] = await logOf(server, projectId);
  expect(logged).toMatchObject({ subject: 'CONNECTION_TEST', attempts: 3, lastError: null });
  expect(messagesOf(projectId).map(({ headers }) => headers['taglens-delivery'])).toEqual(Array(3).fill(logged?.id));
});

it('does not reach private addresses unless an administrator permits it, and says so in the log', async () => {
  const guarded = await startServer();
  try {
    const { projectId } = await makeProject(guarded);
    await setUrl(guarded, projectId, url);
    await until(async () => (await logOf(guarded, projectId))[0]?.lastError != null, aWholeTest);
    expect((await logOf(guarded, projectId))[0]?.lastError).toMatch(/address that is not public/);
    expect(messagesOf(projectId)).toEqual([]);
  } finally {
    await guarded.close();
  }
});

it('delivers to one project while the address of another does not answer', async () => {
  const held: ServerResponse[] = [];
  let isOver = false;
  const port = await startReceiver((_, response) => (isOver ? response.destroy() : held.push(response)));
  const patient = await startServer({ TAGLENS_URL_ALLOW: '127.0.0.1/32', TAGLENS_URL_TIMEOUT_MS: '60000' });
  try {
    const [silent, other] = [await makeProject(patient), await makeProject(patient)];
    for (let i = 0; i < 10; i++) await setUrl(patient, silent.projectId, `http://127.0.0.1:${port}/`);
    await until(() => held.length > 0, aWholeTest);
    await setUrl(patient, other.projectId, url);
    await until(async () => (await logOf(patient, other.projectId))[0]?.status === 'DELIVERED', aWholeTest);
    const waiting = { status: 'PENDING', attempts: 0 };
    expect(await logOf(patient, silent.projectId)).toMatchObject(Array(10).fill(waiting));
    expect(held).toHaveLength(1);
  } finally {
    // The server waits for what is under way before it closes.
    isOver = true;
    for (const response of held) response.destroy();
    await patient.close();
  }
});
