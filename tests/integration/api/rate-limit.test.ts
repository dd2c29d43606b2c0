import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { clearRateWindows, RateLimit } from '../../../api/access/rate-limit.ts';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { createMetrics } from '../../../infra/metrics.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { RateWindow } from '../../../schema/entities/rate-window.entity.ts';
import { ApiKeyRole } from '../../../schema/enums.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { bearer, ownerKey, startServer, type TestServer } from './setup.ts';

let backend: Backend;
let database: Database;
let server: TestServer;

beforeAll(async () => {
  backend = await freshBackend();
  database = await openDatabase(loadConfig(backend.settings).database, entities, migrations, { migrate: true });
  server = await startServer({ TAGLENS_RATE_LIMIT_REQUESTS_PER_MINUTE: '5' });
});
afterAll(async () => {
  await server.close();
  await database.close();
  await backend.close();
});

const metrics = createMetrics({ processMetrics: false });
const callerOf = (keyId: string | null) => ({ keyId, role: ApiKeyRole.OWNER, projectId: null, idempotencyKey: null });

/** How many of so many attempts at once get through. */
async function passing(limit: RateLimit, keyId: string | null, attempts: number): Promise<number> {
  const taken = Array.from({ length: attempts }, () => limit.take(callerOf(keyId)));
  return (await Promise.allSettled(taken)).filter(({ status }) => status === 'fulfilled').length;
}

/** So that what follows falls into one minute by the clock. */
async function earlyInAMinute(): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 10_000) await new Promise((resolve) => setTimeout(resolve, leftMs));
}

test('lets through exactly what is allowed, for each key and each limit apart', async () => {
  await earlyInAMinute();
  const limit = new RateLimit(database, { name: 'requests', perMinute: 7, metrics });
  expect(await passing(limit, 'a', 20)).toBe(7);
  expect(await passing(limit, 'a', 5)).toBe(0);
  expect(await passing(limit, null, 10)).toBe(7);
  const other = new RateLimit(database, { name: 'predictions', perMinute: 2, metrics });
  expect(await passing(other, 'a', 5)).toBe(2);
});

test('says what is allowed and when to come back', async () => {
  await earlyInAMinute();
  const limit = new RateLimit(database, { name: 'requests', perMinute: 1, metrics });
  await limit.take(callerOf('b'));
  await expect(limit.take(callerOf('b'))).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    status: 429,
    details: { limit: 1, of: 'requests', retryAfterSeconds: expect.any(Number) as number },
  });
});

test('writes nothing without a limit, and forgets minutes that are over', async () => {
  await passing(new RateLimit(database, { name: 'requests', perMinute: 0, metrics }), 'c', 3);
  const rows = database.read.getRepository(RateWindow);
  expect(await rows.countBy({ keyId: 'c' })).toBe(0);
  const startedAt = Math.floor(Date.now() / 60_000 - 5) * 60_000;
  await database.transact((manager) =>
    manager.insert(RateWindow, { keyId: 'd', name: 'requests', startedAt, used: 3 }),
  );
  await new RateLimit(database, { name: 'requests', perMinute: 1, metrics }).take(callerOf('e'));
  await clearRateWindows(database);
  expect(await rows.countBy({ keyId: 'd' })).toBe(0);
  expect(await rows.countBy({ keyId: 'e' })).toBe(1);
});

test('counts requests over HTTP and operations on websockets together', async () => {
  await earlyInAMinute();
  const query = '{ domains { id } }';
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  const connectionParams = bearer(ownerKey);
  const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
  const overSocket = async (): Promise<unknown> => {
    for await (const result of client.iterate({ query })) return result;
    return undefined;
  };
  for (let i = 0; i < 2; i++) expect(await overSocket()).toMatchObject({ data: { domains: expect.any(Array) as [] } });
  for (let i = 0; i < 3; i++) expect((await server.send(query)).status).toBe(200);
  const refused = await server.send(query);
  expect(refused.status).toBe(429);
  expect(refused.errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 5, of: 'requests' });
  await expect(overSocket()).rejects.toMatchObject([{ extensions: { code: 'RATE_LIMITED', limit: 5 } }]);
  await client.dispose();
});
