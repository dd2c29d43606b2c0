import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';
import { loadConfig } from '../infra/config.ts';
import { openDatabase } from '../infra/database/open.ts';
import { appendEvent } from '../infra/events/outbox.ts';
import { entities } from '../schema/entities/index.ts';
import { Iteration } from '../schema/entities/iteration.entity.ts';
import { RunRow } from '../schema/entities/run.entity.ts';
import { IterationStatus, TrainingPhase } from '../schema/enums.ts';
import { newId } from '../schema/id.ts';
import { mysqlBackend } from '../tests/backends/mysql.ts';
import { metricsOf, startServer, type BenchServer } from './bench-server.ts';
import { at, printTable } from './report.ts';

const topic = 'iteration.progressed';
const eventEveryMs = 1000;
const arrivals = 50;
const query = `subscription ($id: ID!) {
  iterationProgressed(iterationId: $id) { eventId message fraction iteration { name status } }
}`;

const leaseMs = 3_600_000;
/** Without a run the service would begin the training itself, and tell of it. */
const runHeldByBench = { name: 'trainIteration', input: {}, status: 'RUNNING' as const, leaseOwner: 'bench' };

interface Measured {
  subscriptions: number;
  p50: number;
  p99: number;
  delivered: number;
  eventLoopP99: number;
  residentMegabytes: number;
}

/** A training that is under way for as long as the benchmark tells its steps itself, at the pace of a real one. */
async function openTraining({ settings, iterationId }: BenchServer) {
  const database = await openDatabase(loadConfig(settings).database, entities, []);
  const row = await database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
  const id = newId();
  const state = { status: IterationStatus.TRAINING, phase: TrainingPhase.FEATURES, fraction: 0 };
  await database.transact(async (manager) => {
    await manager.insert(Iteration, { ...row, ...state, id, name: 'Told by the bench' });
    await manager.insert(RunRow, { ...runHeldByBench, id, createdAt: Date.now(), leaseUntil: Date.now() + leaseMs });
  });
  const step = (fraction: number, status = state.status): Promise<void> =>
    database.transact(async (manager) => {
      await manager.update(Iteration, { id }, { fraction, status });
      const payload = { status, phase: state.phase, fraction, message: String(Date.now()) };
      await appendEvent(manager, { topic, entityId: id, projectId: row.projectId, payload });
    });
  return { id, step, close: () => database.close() };
}

function subscribe(client: Client, id: string, onMessage: (sentMs: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    client.subscribe<{ iterationProgressed: { message: string } }>(
      { query, variables: { id } },
      {
        next: ({ data, errors }) => {
          if (errors) reject(new Error(JSON.stringify(errors)));
          else onMessage(Number(data?.iterationProgressed.message));
        },
        // What went wrong with the socket comes as an event, not as an Error.
        error: (error) => {
          const { code, reason, message } = error as { code?: number; reason?: string; message?: string };
          reject(new Error(`A subscription ended: ${[code, reason, message].filter(Boolean).join(' ')}`));
        },
        complete: resolve,
      },
    );
  });
}

/** Delays from the commit of an event to each client, in milliseconds. */
async function measure(server: BenchServer, count: number, events: number): Promise<Measured> {
  const training = await openTraining(server);
  const delays: number[] = [];
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  const connectionParams = { authorization: `Bearer ${server.key}` };
  const clients: Client[] = [];
  const ended: Promise<void>[] = [];
  // A few at a time, as users come: a crowd that knocks at once would measure the knocking.
  while (clients.length < count) {
    for (let i = 0; i < arrivals && clients.length < count; i++) {
      const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
      clients.push(client);
      ended.push(subscribe(client, training.id, (sentMs) => delays.push(Date.now() - sentMs)));
    }
    while (((await metricsOf(server.url, 'taglens_open_subscriptions'))[0] ?? 0) < clients.length) await sleep(50);
  }
  for (let i = 1; i <= events; i++) {
    await training.step(i / (events + 1));
    await sleep(eventEveryMs);
  }
  const [lagSeconds = NaN] = await metricsOf(server.url, 'nodejs_eventloop_lag_p99_seconds');
  const residentMegabytes = await server.residentMegabytes();
  await training.step(1, IterationStatus.COMPLETED);
  await Promise.all(ended);
  for (const client of clients) await client.dispose();
  await training.close();
  const sorted = delays.sort((a, b) => a - b);
  const figures = { p50: at(sorted, 0.5), p99: at(sorted, 0.99), delivered: delays.length / (count * (events + 1)) };
  const eventLoopP99 = 1000 * lagSeconds;
  return { subscriptions: count, ...figures, eventLoopP99, residentMegabytes };
}

/** Many open subscriptions on one server process against few: how late events come, and what they cost. */
export async function benchSubscriptions({ smoke }: { smoke: boolean }): Promise<void> {
  const [counts, events] = smoke ? [[10, 100], 3] : [[10, 100, 1000], 20];
  const mysql = await mysqlBackend();
  console.log(`on ${mysql ? 'MySQL' : 'SQLite'}`);
  const server = await startServer(mysql?.settings);
  try {
    const rows: Measured[] = [];
    for (const count of counts) rows.push(await measure(server, count, events));
    printTable(
      ['subscriptions', 'delivered', 'p50 ms', 'p99 ms', 'event loop delay p99 ms', 'resident MB'],
      rows.map(({ subscriptions, delivered, p50, p99, eventLoopP99, residentMegabytes }) => [
        `${subscriptions}`,
        `${(100 * delivered).toFixed(1)} %`,
        `${p50}`,
        `${p99}`,
        eventLoopP99.toFixed(0),
        `${residentMegabytes}`,
      ]),
    );
    if (rows.some(({ delivered }) => delivered !== 1)) throw new Error('Some events were not delivered exactly once.');
  } finally {
    await server.stop();
    await mysql?.close();
  }
}
