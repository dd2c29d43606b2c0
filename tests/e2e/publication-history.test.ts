import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshBackend, type Backend } from '../backends/backend.ts';
import { bearer, makeTrainableProject, samples, trainToEnd } from '../integration/api/setup.ts';
import { ownerKey, startOn, startWorkerIfApart, type ProgramProcess, type ServerProcess } from './process.ts';
import { unexplainedReads, type Operation } from './publication-history.ts';

const shortestMs = 10_000;
/** A busy machine takes longer to see enough; then the test fails by what it did not see. */
const longestMs = 90_000;
const readsOfEach = 40;
const names = ['live', 'next'];
let backend: Backend;
let servers: ServerProcess[];
let worker: ProgramProcess | null;
let projectId: string;
let iterationIds: string[];
let jpeg: Buffer;

beforeAll(async () => {
  backend = await freshBackend();
  servers = [await startOn(backend), await startOn(backend)];
  worker = await startWorkerIfApart(backend);
  const [first] = servers as [ServerProcess];
  projectId = await makeTrainableProject(first, 3, 71);
  iterationIds = [];
  for (const seed of [1, 2, 3]) iterationIds.push((await trainToEnd(first, projectId, { seed, force: true })).id);
  jpeg = (await samples(1, 72))[0]?.jpeg ?? Buffer.alloc(0);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.end('SIGTERM')));
  await worker?.end('SIGTERM');
  await backend.close();
});

/** One history for each name: each is a register of its own. */
type Histories = Map<string, Operation[]>;
/** The newest publication that was answered, by name: what is to be withdrawn. */
type Publications = Map<string, string>;

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; invokedAt: number; answeredAt: number }> {
  const invokedAt = performance.now();
  const result = await work();
  return { result, invokedAt, answeredAt: performance.now() };
}

interface Answer {
  data: Record<string, { id: string } | string> | null;
  errors?: { message: string; extensions: { code: string } }[];
}

async function mutate(query: string, variables: object): Promise<Answer> {
  const response = await fetch(`${pick(servers).url}/graphql`, {
    method: 'POST',
    headers: { ...bearer(ownerKey), 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer;
}

async function publish(name: string, histories: Histories, publications: Publications): Promise<void> {
  const value = pick(iterationIds);
  const query = `mutation ($i: ID!, $n: String!) {
    publishIteration(input: { iterationId: $i, name: $n, overwrite: true }) { id }
  }`;
  const { result, ...times } = await timed(() => mutate(query, { i: value, n: name }));
  expect(result.errors).toBeUndefined();
  histories.get(name)?.push({ kind: 'write', value, ...times });
  publications.set(name, (result.data?.['publishIteration'] as { id: string }).id);
}

async function unpublish(name: string, histories: Histories, publications: Publications): Promise<void> {
  const id = publications.get(name);
  if (id === undefined) return;
  const query = 'mutation ($id: ID!) { unpublish(publicationId: $id) }';
  const { result, ...times } = await timed(() => mutate(query, { id }));
  // Somebody else withdrew it before: then this call did nothing.
  if (result.errors) expect(result.errors[0]?.extensions.code).toBe('NOT_FOUND');
  else histories.get(name)?.push({ kind: 'write', value: null, ...times });
}

async function predict(name: string, histories: Histories): Promise<void> {
  const { result, ...times } = await timed(async () => {
    const headers = { ...bearer(ownerKey), 'content-type': 'image/jpeg' };
    const url = `${pick(servers).url}/v1/projects/${projectId}/predict/${name}`;
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(jpeg) });
    return { status: response.status, body: (await response.json()) as { iterationId?: string } };
  });
  expect([200, 404]).toContain(result.status);
  histories.get(name)?.push({ kind: 'read', value: result.body.iterationId ?? null, ...times });
}

/** The history says something only if all that can happen did happen. */
function isTelling(histories: Histories): boolean {
  return [...histories.values()].every((history) => {
    const reads = history.filter(({ kind }) => kind === 'read');
    return reads.length >= readsOfEach && new Set(reads.map(({ value }) => value)).size === iterationIds.length + 1;
  });
}

async function repeatUntil(isOver: () => boolean, work: () => Promise<void>, pauseMs: number): Promise<void> {
  while (!isOver()) {
    await work();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * pauseMs));
  }
}

test('no prediction comes from a model that was not published between question and answer', async () => {
  const histories: Histories = new Map(names.map((name) => [name, []]));
  const publications: Publications = new Map();
  const startedMs = performance.now();
  const isOver = (afterMs = performance.now() - startedMs): boolean =>
    afterMs > longestMs || (afterMs > shortestMs && isTelling(histories));
  const publisher = () => repeatUntil(isOver, () => publish(pick(names), histories, publications), 60);
  const withdrawer = () => repeatUntil(isOver, () => unpublish(pick(names), histories, publications), 300);
  const asker = () => repeatUntil(isOver, () => predict(pick(names), histories), 5);
  await Promise.all([publisher(), publisher(), withdrawer(), asker(), asker(), asker(), asker()]);
  expect(isTelling(histories)).toBe(true);
  for (const history of histories.values()) expect(unexplainedReads(history)).toEqual([]);
});
