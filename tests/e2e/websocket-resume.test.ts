import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { makeTrainableProject } from '../integration/api/setup.ts';
import { ownerKey, startProcess, type ServerProcess } from './process.ts';
import { progressQuery, type ProgressEvent } from './training-steps.ts';

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taglens-socket-'));
  server = await startProcess(folder);
});
afterAll(async () => {
  await server.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

/** Follows until the end, or until `cut` events came and the raw connection is torn down. */
async function follow(
  id: string,
  after: string | null,
  cut: number,
): Promise<{ events: ProgressEvent[]; isOver: boolean }> {
  let raw: WebSocket | undefined;
  class Cuttable extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      // eslint-disable-next-line @typescript-eslint/no-this-alias -- the library makes the socket; the test tears it
      raw = this;
    }
  }
  const connectionParams = { authorization: `Bearer ${ownerKey}` };
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  const client = createClient({ url, webSocketImpl: Cuttable, connectionParams, retryAttempts: 0 });
  const events: ProgressEvent[] = [];
  try {
    const variables = { id, after };
    for await (const { data, errors } of client.iterate<{ iterationProgressed: ProgressEvent }>({
      query: progressQuery,
      variables,
    })) {
      if (errors) throw new Error(JSON.stringify(errors));
      if (data) events.push(data.iterationProgressed);
      if (events.length === cut) raw?.terminate();
    }
    return { events, isOver: true };
  } catch (error) {
    if (events.length < cut) throw error;
    return { events: events.slice(0, cut), isOver: false };
  } finally {
    await client.dispose();
  }
}

async function train(projectId: string): Promise<string> {
  const mutation = 'mutation ($p: ID!) { trainIteration(input: { projectId: $p, force: true }) { id } }';
  return (await server.client.request<{ trainIteration: { id: string } }>(mutation, { p: projectId })).trainIteration
    .id;
}

/** Cut after every event or every second one, until the training is over. */
async function followWithCuts(id: string, cut: number): Promise<ProgressEvent[]> {
  const seen: ProgressEvent[] = [];
  for (;;) {
    const { events, isOver } = await follow(id, seen.at(-1)?.eventId ?? null, cut);
    seen.push(...events);
    if (isOver) return seen;
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}

test('clients that lose their sockets see every event once, in order', async () => {
  const id = await train(await makeTrainableProject(server, 16, 21));
  const [one, two, whole] = await Promise.all([
    followWithCuts(id, 1),
    followWithCuts(id, 2),
    followWithCuts(id, Infinity),
  ]);
  expect(whole.length).toBeGreaterThan(3);
  expect(whole.at(-1)?.status).toBe('COMPLETED');
  expect(one).toEqual(whole);
  expect(two).toEqual(whole);
  const fractions = whole.map(({ fraction }) => fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
});

test('a finished training is told from its beginning, and then the subscription ends', async () => {
  const id = await train(await makeTrainableProject(server, 4, 22));
  const live = await followWithCuts(id, Infinity);
  expect(await followWithCuts(id, Infinity)).toEqual(live);
  expect(await follow(id, live.at(-1)?.eventId ?? null, Infinity)).toEqual({ events: [], isOver: true });
});

test('a restart of the server loses no event', async () => {
  const id = await train(await makeTrainableProject(server, 16, 23));
  const before = await follow(id, null, 2);
  await server.end('SIGTERM');
  server = await startProcess(folder);
  const after = await followWithCuts(id, Infinity);
  const resumed = await follow(id, before.events.at(-1)?.eventId ?? null, Infinity);
  expect([...before.events, ...resumed.events]).toEqual(after);
  expect(after.at(-1)?.status).toBe('COMPLETED');
});

test('a socket without a key is closed with a reason', async () => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const closed = new Promise<[number, string]>((resolve) => {
    socket.on('close', (code, reason) => resolve([code, reason.toString()]));
  });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
  const [code, reason] = await closed;
  expect(code).toBe(4403);
  expect(reason).toContain('An API key is required');
});
