import { afterEach, beforeEach } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import { createLogger } from '../../../infra/logger.ts';
import { RunRow } from '../../../schema/entities/run.entity.ts';
import { RunStepRow } from '../../../schema/entities/run-step.entity.ts';
import { EmbeddedEngine } from '../../../workflows/engines/embedded.ts';
import type { Calls, Orchestration, RunnableActivity } from '../../../workflows/engines/embedded-execution.ts';
import { EmbeddedRunner } from '../../../workflows/engines/embedded-runner.ts';
import { until } from '../../until.ts';
import { createTestData, type TestData } from './setup.ts';

export let files: TestData;
let database: Database;
export let engine: EmbeddedEngine;
const runners: EmbeddedRunner[] = [];

/** A fresh database and engine before each test of the file; runners are stopped after it. */
export function setUpEngine(): void {
  beforeEach(async () => {
    files = await createTestData();
    database = await files.open();
    engine = new EmbeddedEngine(database);
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop();
    await files.remove();
  });
}

interface Parts {
  orchestration: Orchestration;
  activities: Record<string, RunnableActivity>;
  on?: Database;
  concurrency?: number;
  leaseMs?: number;
  timeoutMs?: number;
  heartbeatMs?: number;
}

const quiet = createLogger({ level: 'silent' });

export function runnerOf({
  orchestration,
  activities,
  on = database,
  concurrency = 4,
  leaseMs = 60_000,
  timeoutMs = 60_000,
  heartbeatMs = 0,
}: Parts) {
  const policy = (name: string) => ({
    queue: 'workflows' as const,
    timeoutMs,
    heartbeatMs,
    attempts: 3,
    runsWhenCancelled: name.startsWith('clean'),
  });
  const policies = Object.fromEntries(Object.keys(activities).map((name) => [name, policy(name)]));
  const options = { orchestrations: { job: orchestration }, activities, policies, concurrency, leaseMs };
  const runner = new EmbeddedRunner({ ...options, database: on, pollMs: 10, retryDelayMs: 5, logger: quiet });
  runners.push(runner);
  runner.start();
  return runner;
}

/** As some time after kill -9: its connection is gone, and its lease ran out. */
export async function crash(on: Database): Promise<void> {
  await on.close();
  await database.transact((manager) => manager.update(RunRow, { status: 'RUNNING' }, { leaseUntil: 0 }));
}

export const call = (calls: Calls, name: string, input: unknown = null) =>
  (calls[name] as (input: unknown) => Promise<unknown>)(input);
export const ended = (id: string, status: string) =>
  until(async () => (await engine.describe(id))?.status === status, { what: `${id} being ${status}` });
export const never = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
export const steps = (runId: string) =>
  database.read.getRepository(RunStepRow).find({ where: { runId }, order: { sequence: 'ASC' } });
