import { expect, test } from 'vitest';
import { OutcomeUnknownError, type Database } from '../../../infra/database/database.ts';
import { OutageError } from '../../../infra/outage.ts';
import type { Calls, Orchestration, RunnableActivity } from '../../../workflows/engines/embedded-execution.ts';
import { call, crash, ended, engine, files, never, runnerOf, setUpEngine, steps } from './runners.ts';
import { until } from '../../until.ts';

setUpEngine();

test('goes on after a crash where it was, with parallel branches, and repeats no finished step', async () => {
  const done: string[] = [];
  let hold = true;
  const work: RunnableActivity = async (input, context) => {
    const name = input as string;
    // The second branch is faster at first: a replay must still give each branch its own sequence numbers.
    if (name === 'a1') await until(() => done.includes('b2'));
    if (name === 'end') context.heartbeat('half');
    if (name === 'end' && hold) return never(context.signal);
    done.push(name === 'end' ? `end after ${String(context.lastHeartbeat)}` : name);
    return name;
  };
  const branch = async (calls: Calls, name: string) => {
    await call(calls, 'work', `${name}1`);
    await call(calls, name === 'a' ? 'work' : 'other', `${name}2`);
  };
  const orchestration: Orchestration = async (calls) => {
    await Promise.all([branch(calls, 'a'), branch(calls, 'b')]);
    return call(calls, 'work', 'end');
  };
  const activities = { work, other: work };
  const first = await files.open(false);
  await engine.start('job', {}, { id: 'r' });
  runnerOf({ orchestration, activities, on: first });
  await until(async () => Boolean((await steps('r'))[4]?.heartbeat), { what: 'the heartbeat of the last step' });
  await crash(first);
  hold = false;
  runnerOf({ orchestration, activities });
  await ended('r', 'COMPLETED');
  expect(done).toEqual(['b1', 'b2', 'a1', 'a2', 'end after half']);
});

test('an orderly stop gives the run back at once, and the orchestration sees nothing of it', async () => {
  let begun = false;
  let interrupted = 0;
  let failures = 0;
  let hold = true;
  const work: RunnableActivity = (_, context) => {
    if (!hold) return Promise.resolve('fine');
    begun = true;
    context.signal.addEventListener('abort', () => (interrupted += 1));
    return never(context.signal);
  };
  const orchestration: Orchestration = (calls) =>
    call(calls, 'work').catch((error: unknown) => {
      failures += 1;
      throw error;
    });
  await engine.start('job', {}, { id: 'r' });
  const first = runnerOf({ orchestration, activities: { work } });
  await until(() => begun);
  await first.stop();
  hold = false;
  runnerOf({ orchestration, activities: { work } });
  await ended('r', 'COMPLETED');
  expect([interrupted, failures]).toEqual([1, 0]);
});

test('a changed orchestration stops the run with a clear error', async () => {
  const first = await files.open(false);
  const activities: Record<string, RunnableActivity> = {
    one: () => Promise.resolve(1),
    two: () => Promise.resolve(2),
    wait: (_, context) => never(context.signal),
  };
  await engine.start('job', {}, { id: 'r' });
  const before: Orchestration = async (calls) => [await call(calls, 'one'), await call(calls, 'wait')];
  runnerOf({ orchestration: before, activities, on: first });
  await until(async () => (await steps('r')).length === 2);
  await crash(first);
  runnerOf({ orchestration: (calls) => call(calls, 'two'), activities });
  await ended('r', 'FAILED');
  expect((await engine.describe('r'))?.error).toContain('has “one” as call 1, but the program now calls “two”');
});

test('groups take turns and never run twice at once', async () => {
  const order: string[] = [];
  const current = new Map<string, number>();
  const work: RunnableActivity = async (input) => {
    const name = input as string;
    const group = name.slice(0, 1);
    current.set(group, (current.get(group) ?? 0) + 1);
    expect(current.get(group)).toBe(1);
    order.push(name);
    await new Promise((resolve) => setTimeout(resolve, 10));
    current.set(group, 0);
  };
  for (const id of ['a1', 'a2', 'a3', 'b1', 'b2']) await engine.start('job', id, { id, group: id.slice(0, 1) });
  const orchestration: Orchestration = (calls, input) => call(calls, 'work', input);
  const one = runnerOf({ orchestration, activities: { work }, concurrency: 1 });
  await ended('a3', 'COMPLETED');
  expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
  await one.stop();
  for (const id of ['c1', 'c2', 'd1', 'd2']) await engine.start('job', id, { id, group: id.slice(0, 1) });
  runnerOf({ orchestration, activities: { work }, concurrency: 4 });
  for (const id of ['c1', 'c2', 'd1', 'd2']) await ended(id, 'COMPLETED');
});

test('only one of two runners runs a run', async () => {
  const counts = new Map<string, number>();
  const work: RunnableActivity = async (input) => {
    counts.set(input as string, (counts.get(input as string) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const ids = Array.from({ length: 10 }, (_, index) => `r${index}`);
  for (const id of ids) await engine.start('job', id, { id });
  const orchestration: Orchestration = (calls, input) => call(calls, 'work', input);
  runnerOf({ orchestration, activities: { work } });
  runnerOf({ orchestration, activities: { work }, on: await files.open(false) });
  for (const id of ids) await ended(id, 'COMPLETED');
  expect([...counts.values()]).toEqual(ids.map(() => 1));
});

/** A connection whose writes can be made to stand still, as when its network or disk hangs. */
function holdable(database: Database) {
  let gate = Promise.resolve();
  let release = (): void => undefined;
  const hold = (): void => void (gate = new Promise((resolve) => (release = resolve)));
  const transact: Database['transact'] = (work) => gate.then(() => database.transact(work));
  const slow = Object.create(database, { transact: { value: transact } }) as Database;
  return { slow, hold, release: () => release() };
}

test('a runner that lost its lease while it lives drops the run, and what it still brings is not written', async () => {
  const { slow, hold, release } = holdable(await files.open(false));
  const [reasons, handedOn]: [string[], unknown[]] = [[], []];
  const activities: Record<string, RunnableActivity> = {
    work: async (_, context) => {
      if (context.attempt > 1) return 'second';
      await never(context.signal).catch((reason: Error) => reasons.push(reason.name));
      return 'first, too late';
    },
    handOn: (input) => Promise.resolve(handedOn.push(input)),
  };
  const orchestration: Orchestration = async (calls) => call(calls, 'handOn', await call(calls, 'work'));
  await engine.start('job', {}, { id: 'r' });
  const first = runnerOf({ orchestration, activities, on: slow, leaseMs: 2000 });
  await until(async () => (await steps('r')).length === 1);
  // It cannot renew while its writes stand still.
  hold();
  runnerOf({ orchestration, activities });
  await ended('r', 'COMPLETED');
  expect(reasons).toEqual([]);
  const written = await steps('r');
  release();
  await until(() => reasons.length > 0, { what: 'the first runner giving up' });
  await first.stop();
  expect(reasons).toEqual(['LeaseLostError']);
  expect(handedOn).toEqual(['second']);
  expect(written.map(({ name, attempts, result }) => [name, attempts, result?.value])).toEqual([
    ['work', 2, 'second'],
    ['handOn', 1, 1],
  ]);
  expect(await steps('r')).toEqual(written);
});

/** A connection over which one write gives up, after it took place where only its answer was lost. */
function losingOne(database: Database, error: Error) {
  const state = { isAway: false, lost: 0 };
  const transact: Database['transact'] = async (work) => {
    if (!state.isAway) return database.transact(work);
    Object.assign(state, { isAway: false, lost: state.lost + 1 });
    if (error instanceof OutcomeUnknownError) await database.transact(work);
    throw error;
  };
  const on = Object.create(database, { transact: { value: transact } }) as Database;
  const loseNext = (): boolean => state.lost === 0 && (state.isAway = true);
  return { on, loseNext, state };
}

const outages = [new OutageError('database'), new OutcomeUnknownError({})];
const writes = ['begin', 'heartbeat', 'complete', 'finish'] as const;
const losses = outages.flatMap((error) => writes.map((write) => [write, error.name, error] as const));

test.each(losses)('a run whose %s is lost by %s goes on from its journal', async (write, _name, error) => {
  const { on, loseNext, state } = losingOne(await files.open(false), error);
  const failures: unknown[] = [];
  const work: RunnableActivity = (_, context) => {
    if (write === 'heartbeat' && loseNext()) {
      context.heartbeat('half');
      return never(context.signal);
    }
    if (write === 'complete') loseNext();
    return Promise.resolve('done');
  };
  const orchestration: Orchestration = async (calls) => {
    if (write === 'begin') loseNext();
    const result = await call(calls, 'work').catch((failure: unknown) => failures.push(failure));
    if (write === 'finish') loseNext();
    return result;
  };
  await engine.start('job', {}, { id: 'r' });
  runnerOf({ orchestration, activities: { work }, on, leaseMs: 1000 });
  await until(async () => ['COMPLETED', 'FAILED'].includes((await engine.describe('r'))?.status ?? ''));
  expect([state.lost, await engine.describe('r'), failures]).toEqual([1, { status: 'COMPLETED' }, []]);
  expect(await steps('r')).toMatchObject([{ status: 'COMPLETED', failures: 0, result: { value: 'done' } }]);
});
