import type { Logger as SqlLogger } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProgressStream } from '../../../api/features/training/progress-stream.ts';
import { loadConfig } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { EventTail } from '../../../infra/events/tail.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { IterationStatus, TrainingMode, TrainingPhase } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';

const subscribers = 50;
const steps = 4;
let backend: Backend;
let database: Database;
let tail: EventTail;
let rowLoads = 0;

beforeAll(async () => {
  backend = await freshBackend();
  database = await openDatabase(loadConfig(backend.settings).database, entities, migrations, { migrate: true });
  const count = (query: string): void => void (/FROM\s+["`]iteration["`]/.test(query) && rowLoads++);
  const quiet = (): void => undefined;
  const logger = { logQuery: count, logQueryError: quiet, logQuerySlow: quiet, logSchemaBuild: quiet };
  const counting: SqlLogger = { ...logger, logMigration: quiet, log: quiet };
  database.read.setOptions({ logging: true, logger: counting });
  tail = new EventTail(database, { pollMs: 20, windowMs: 1000 });
  await tail.start();
});
afterAll(async () => {
  await tail.stop();
  await database.close();
  await backend.close();
});

async function newIteration(): Promise<Iteration> {
  const state = { status: IterationStatus.TRAINING, phase: TrainingPhase.FEATURES, fraction: 0, message: '' };
  const recipe = { mode: TrainingMode.QUICK, backbone: 'efficientnet-lite0', tagIds: null, contentVersion: 1, seed: 1 };
  const open = { snapshotSha256: null, modelSha256: null, error: null, trainedAt: null, imageCount: 0, warnings: [] };
  const row = { id: newId(), projectId: newId(), name: 'Told', ...state, ...recipe, ...open, createdAt: new Date() };
  await database.transact((manager) => manager.insert(Iteration, row));
  return database.read.manager.findOneByOrFail(Iteration, { id: row.id });
}

function tell({ id, projectId }: Iteration, fraction: number): Promise<void> {
  const status = fraction === 1 ? IterationStatus.COMPLETED : IterationStatus.TRAINING;
  return database.transact(async (manager) => {
    await manager.update(Iteration, { id }, { status, fraction });
    const payload = { status, phase: TrainingPhase.FEATURES, fraction, message: '' };
    await appendEvent(manager, { topic: 'iteration.progressed', entityId: id, projectId, payload });
  });
}

test('the subscribers of one training share the row of each event', async () => {
  const iteration = await newIteration();
  const stream = new ProgressStream(database, tail);
  const follow = async (): Promise<[number, number][]> => {
    const told: [number, number][] = [];
    for await (const { fraction, iteration: row } of stream.follow(iteration, 0)) told.push([fraction, row.fraction]);
    return told;
  };
  rowLoads = 0;
  const following = Array.from({ length: subscribers }, follow);
  for (let step = 1; step <= steps; step++) await tell(iteration, step / steps);
  for (const told of await Promise.all(following)) {
    expect(told.map(([fraction]) => fraction)).toEqual([0.25, 0.5, 0.75, 1]);
    // The row is as new as the event, or newer.
    for (const [fraction, ofTheRow] of told) expect(ofTheRow).toBeGreaterThanOrEqual(fraction);
  }
  expect(rowLoads).toBe(steps);
});
