import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { TaglensClient } from '../../cli/client.ts';
import { freshBackend, type Backend } from '../backends/backend.ts';
import { makeTrainableProject } from '../integration/api/setup.ts';
import { aWholeTest, until } from '../until.ts';
import { Balancer } from './balancer.ts';
import { ownerKey, startOn, type ServerProcess } from './process.ts';
import { progressQuery, type ProgressEvent } from './training-steps.ts';

const settings = { TAGLENS_DRAIN_MS: '300', TAGLENS_LOG_LEVEL: 'info' };
let backend: Backend;
let servers: ServerProcess[];
let balancer: Balancer;

beforeAll(async () => {
  backend = await freshBackend();
  servers = [await startOn(backend, settings), await startOn(backend, settings)];
  balancer = await Balancer.over(...servers.map(({ url }) => url));
});
afterAll(async () => {
  await balancer.close();
  for (const server of servers) await server.end('SIGTERM');
  await backend.close();
});

/** Follows to the end, as a client does that comes back with the last event after its socket was closed. */
async function follow(url: string, id: string, seen: ProgressEvent[] = []): Promise<ProgressEvent[]> {
  const client = new TaglensClient(url, ownerKey);
  const events = client.subscribe<ProgressEvent>(progressQuery, 'iterationProgressed', { id }, { maxDrops: 50 });
  for await (const event of events) seen.push(event);
  return seen;
}

async function train({ client }: ServerProcess, projectId: string): Promise<string> {
  const mutation = 'mutation ($p: ID!) { trainIteration(input: { projectId: $p, force: true }) { id } }';
  return (await client.request<{ trainIteration: { id: string } }>(mutation, { p: projectId })).trainIteration.id;
}

/** The process that works on a run says so in its log. */
const runsIt = ({ lines }: ServerProcess, id: string): boolean =>
  lines.some((line) => line.includes('a run begins') && line.includes(`"runId":"${id}"`));

const openSubscriptions = async ({ url }: ServerProcess): Promise<number> =>
  Number(/^taglens_open_subscriptions (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);

/** Resolves with code and reason once the server closes the socket. */
function closingOf({ url }: ServerProcess): Promise<{ code: number; reason: string }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${ownerKey}` } })),
  );
  return new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
}

test('a training is told on every process, each event once, also when the process is restarted', async () => {
  const projectId = await makeTrainableProject(servers[0] as ServerProcess, 24, 81);
  const id = await train(servers[0] as ServerProcess, projectId);
  const worker = await until(() => servers.find((server) => runsIt(server, id)), aWholeTest);
  const other = servers.find((server) => server !== worker) as ServerProcess;

  const elsewhere: ProgressEvent[] = [];
  const followers = [follow(other.url, id, elsewhere), ...[1, 2, 3, 4].map(() => follow(balancer.url, id))];
  await until(() => elsewhere.find(({ fraction }) => fraction > 0.1), aWholeTest);
  expect(await openSubscriptions(worker)).toBeGreaterThan(0);
  const closing = closingOf(worker);
  // The one that trains goes: its training goes on in the other, its subscribers come back there.
  expect(await worker.end('SIGTERM')).toBe(0);
  expect(await closing).toEqual({ code: 1012, reason: 'The server is restarting.' });
  servers[servers.indexOf(worker)] = await startOn(backend, settings);

  const seen = await Promise.all(followers);
  const whole = await follow(other.url, id);
  expect(whole.at(-1)).toMatchObject({ status: 'COMPLETED', fraction: 1 });
  expect(new Set(whole.map(({ eventId }) => eventId)).size).toBe(whole.length);
  for (const events of seen) expect(events).toEqual(whole);
  expect(runsIt(other, id)).toBe(true);
});
