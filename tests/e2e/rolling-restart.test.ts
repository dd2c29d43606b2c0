import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshBackend, type Backend } from '../backends/backend.ts';
import { bearer, makeTrainableProject, samples, trainToEnd } from '../integration/api/setup.ts';
import { Balancer } from './balancer.ts';
import { ownerKey, startOn, startWorkerIfApart, type ProgramProcess, type ServerProcess } from './process.ts';

/** Leaves some of the processor to the servers that start. */
const pauseMs = 20;
const draining = { TAGLENS_DRAIN_MS: '700' };
let backend: Backend;
let servers: ServerProcess[];
let balancer: Balancer;
let worker: ProgramProcess | null;

beforeAll(async () => {
  backend = await freshBackend();
  servers = [await startOn(backend, draining), await startOn(backend, draining)];
  balancer = await Balancer.over(...servers.map(({ url }) => url));
  worker = await startWorkerIfApart(backend);
});
afterAll(async () => {
  await balancer.close();
  for (const server of servers) await server.end('SIGTERM');
  await worker?.end('SIGTERM');
  await backend.close();
});

interface Ask {
  path: string;
  contentType: string;
  body: string | Buffer;
}

interface Answer {
  status: number;
  text: string;
  connection: string | undefined;
}

function send(url: string, { path, contentType, body }: Ask, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...bearer(ownerKey), 'content-type': contentType };
    const sent = request(`${url}${path}`, { method: 'POST', headers, ...(agent ? { agent } : {}) }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text, connection: response.headers.connection });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Asks again and again, on one connection that is kept as long as the server lets it, until told to stop. */
async function askSteadily(ask: Ask, isOver: () => boolean): Promise<{ answered: number; failures: string[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const failures: string[] = [];
  let answered = 0;
  while (!isOver()) {
    try {
      const { status, text } = await send(balancer.url, ask, agent);
      if (status === 200 && !text.includes('"errors"')) answered++;
      else failures.push(`${status} ${text}`);
    } catch (error) {
      failures.push(String(error));
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  agent.destroy();
  return { answered, failures };
}

async function publishModel(client: Pick<ServerProcess, 'client'>): Promise<string> {
  const projectId = await makeTrainableProject(client, 4, 41);
  const { id } = await trainToEnd(client, projectId);
  await client.client.request(
    'mutation ($id: ID!) { publishIteration(input: { iterationId: $id, name: "live" }) { id } }',
    { id },
  );
  return projectId;
}

const read: Ask = {
  path: '/graphql',
  contentType: 'application/json',
  body: JSON.stringify({ query: '{ projects { nodes { id tags { name } } } }' }),
};

/** What a server that was told to stop says while it still serves. */
async function farewell({ url }: ServerProcess): Promise<object> {
  for (;;) {
    const response = await fetch(`${url}/readyz`);
    if (response.status === 503) return { said: await response.json(), ...(await send(url, read)) };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('servers that are restarted one after the other fail no request', async () => {
  const projectId = await publishModel(servers[0] as ServerProcess);
  const [photograph] = await samples(1, 42);
  const path = `/v1/projects/${projectId}/predict/live`;
  const predict = { path, contentType: 'image/jpeg', body: photograph?.jpeg ?? Buffer.alloc(0) };
  let isOver = false;
  const callers = [read, read, read, predict, predict].map((ask) => askSteadily(ask, () => isOver));
  for (const [index, server] of servers.entries()) {
    const [exitCode, last] = await Promise.all([server.end('SIGTERM'), farewell(server)]);
    expect(exitCode).toBe(0);
    expect(last).toMatchObject({ said: { status: 'draining' }, status: 200, connection: 'close' });
    const fresh = await startOn(backend, draining);
    servers[index] = fresh;
    await balancer.replace(server.url, fresh.url);
  }
  isOver = true;
  const results = await Promise.all(callers);
  expect(results.flatMap(({ failures }) => failures)).toEqual([]);
  for (const { answered } of results) expect(answered).toBeGreaterThan(10);
});
