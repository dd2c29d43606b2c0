import { expect, test } from 'vitest';
import { CancelledError, type ActivityContext } from '../../../schema/contracts/activity.ts';
import type { Orchestration, RunnableActivity } from '../../../workflows/engines/embedded-execution.ts';
import { call, ended, engine, never, runnerOf, setUpEngine, steps } from './runners.ts';
import { until } from '../../until.ts';

setUpEngine();

test('completes a run, hands results on, and joins a second start of the same id', async () => {
  const seen: unknown[] = [];
  const add: RunnableActivity = (input) => Promise.resolve(seen.push(input));
  const orchestration: Orchestration = async (calls, input) => {
    const counts = await Promise.all([call(calls, 'add', input), call(calls, 'add', 'b')]);
    return call(calls, 'add', counts);
  };
  await engine.start('job', 'a', { id: 'r' });
  await engine.start('job', 'other', { id: 'r' });
  runnerOf({ orchestration, activities: { add } });
  await ended('r', 'COMPLETED');
  await engine.start('job', 'later', { id: 'r' });
  expect(seen).toEqual(['a', 'b', [1, 2]]);
  expect((await steps('r')).map((step) => step.status)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
  expect(await engine.describe('unknown')).toBeNull();
});

test('repeats a failed activity with its last heartbeat, but not a final error', async () => {
  const beats: unknown[] = [];
  const flaky: RunnableActivity = (_, context) => {
    beats.push(context.lastHeartbeat);
    context.heartbeat({ done: context.attempt });
    return context.attempt < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve('ok');
  };
  let finals = 0;
  const final: RunnableActivity = () => {
    finals += 1;
    return Promise.reject(Object.assign(new Error('never will'), { nonRetryable: true, code: 'NO' }));
  };
  await engine.start('job', {}, { id: 'r' });
  runnerOf({
    orchestration: async (calls) => [await call(calls, 'flaky'), await call(calls, 'final')],
    activities: { flaky, final },
  });
  await ended('r', 'FAILED');
  expect(await engine.describe('r')).toEqual({ status: 'FAILED', error: 'never will' });
  expect(beats).toEqual([undefined, { done: 1 }, { done: 2 }]);
  expect(finals).toBe(1);
});

test('an attempt that takes too long is aborted and repeated', async () => {
  const slow: RunnableActivity = (_, context) => (context.attempt === 1 ? never(context.signal) : Promise.resolve(1));
  await engine.start('job', {}, { id: 'r' });
  runnerOf({ orchestration: (calls) => call(calls, 'slow'), activities: { slow }, timeoutMs: 30 });
  await ended('r', 'COMPLETED');
});

test('an activity that stops giving signs of life is aborted and repeated where it was', async () => {
  const reasons: string[] = [];
  const stalling: RunnableActivity = async (_, context) => {
    if (context.attempt > 1) return context.lastHeartbeat;
    // Longer than the silence that is allowed, but never silent for so long.
    for (let beat = 1; beat <= 10; beat += 1) {
      context.heartbeat({ done: beat });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return never(context.signal).catch((reason: Error) => {
      reasons.push(reason.message);
      throw reason;
    });
  };
  await engine.start('job', {}, { id: 'r' });
  runnerOf({ orchestration: (calls) => call(calls, 'stalling'), activities: { stalling }, heartbeatMs: 400 });
  await ended('r', 'COMPLETED');
  expect(reasons).toEqual(['It sent no heartbeat for 400 ms.']);
  expect((await steps('r'))[0]).toMatchObject({ attempts: 2, failures: 1, result: { value: { done: 10 } } });
});

test('cancels: aborts the activity, refuses the next, still cleans up', async () => {
  const seen: string[] = [];
  const activities: Record<string, RunnableActivity> = {
    work: (_, context: ActivityContext) => never(context.signal),
    next: () => Promise.resolve(seen.push('next')),
    cleanUp: (input) => Promise.resolve(seen.push(`clean ${String(input)}`)),
  };
  const orchestration: Orchestration = async (calls) => {
    try {
      await call(calls, 'work').catch(() => call(calls, 'next'));
    } catch (error) {
      await call(calls, 'cleanUp', (error as Error).name);
      throw error;
    }
  };
  await engine.start('job', {}, { id: 'r' });
  runnerOf({ orchestration, activities, concurrency: 1 });
  await until(async () => (await steps('r')).length === 1);
  await engine.start('job', {}, { id: 'waiting' });
  await engine.cancel('waiting');
  await ended('waiting', 'CANCELLED');
  await engine.cancel('r');
  await ended('r', 'CANCELLED');
  expect(seen).toEqual(['clean CancelledError', 'clean CancelledError']);
  expect(new CancelledError().nonRetryable).toBe(true);
});
