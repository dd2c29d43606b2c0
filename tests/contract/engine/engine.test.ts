import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OutageError } from '../../../infra/outage.ts';
import { CancelledError } from '../../../schema/contracts/activity.ts';
import { newId } from '../../../schema/id.ts';
import type { RunState } from '../../../workflows/engines/engine.ts';
import { hasTemporal } from '../../backends/temporal.ts';
import { until } from '../../until.ts';
import { embeddedHarness } from './embedded-harness.ts';
import { retryDelayMs, type Harness, type JobWorker } from './harness.ts';
import type { JobActivities } from './jobs.ts';
import { temporalHarness } from './temporal-harness.ts';

if (!hasTemporal)
  console.log('TAGLENS_TEST_TEMPORAL_ADDRESS is not set: the contract of engines is not tried on Temporal.');

const endMs = 30_000;
const stuck = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );

describe('the engine embedded', () => contractOf(embeddedHarness));
describe.skipIf(!hasTemporal)('the engine Temporal', () => contractOf(temporalHarness));

function contractOf(open: () => Promise<Harness>): void {
  let harness: Harness;
  let id: string;
  const workers: JobWorker[] = [];

  beforeEach(async () => {
    harness = await open();
    id = newId();
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.stop();
    await harness.close();
  });

  const start = (name: string, input: unknown = {}) => harness.engine.start(name, input, { id });
  const work = async (activities: Partial<JobActivities>, concurrency?: number) => {
    const worker = await harness.startWorker(activities, concurrency);
    workers.push(worker);
    return worker;
  };
  const ended = (status: RunState) =>
    until(async () => (await harness.engine.describe(id))?.status === status, {
      what: `the run being ${status}`,
      timeoutMs: endMs,
    });
  const errorOf = async () => (await harness.engine.describe(id))?.error;

  test('knows nothing of an unknown id, and cancelling it does no harm', async () => {
    expect(await harness.engine.describe(id)).toBeNull();
    await harness.engine.cancel(id);
  });

  test('joins a second start of the same id, under way or over', async () => {
    const seen: unknown[] = [];
    await start('sequence', ['work', 'note']);
    await start('sequence', ['note']);
    await work({
      work: (input) => Promise.resolve(seen.push(`work ${String(input)}`)),
      note: (input) => Promise.resolve(seen.push(`note ${String(input)}`)),
    });
    await ended('COMPLETED');
    await start('sequence', ['note']);
    expect(await harness.engine.describe(id)).toEqual({ status: 'COMPLETED' });
    expect(seen).toEqual(['work 0', 'note 1']);
  });

  test('what somebody waits for does not wait for a worker that is full', async () => {
    const long = newId();
    let isWorking = false;
    const activities: Partial<JobActivities> = {
      work: (_, { signal }) => {
        isWorking = true;
        return stuck(signal);
      },
      archive: () => Promise.resolve(),
    };
    await work(activities, 1);
    await harness.engine.start('sequence', ['work'], { id: long });
    await until(() => isWorking, { what: 'the long run', timeoutMs: endMs });
    await start('awaited');
    await ended('COMPLETED');
    expect(await harness.engine.describe(long)).toEqual({ status: 'RUNNING' });
    await harness.engine.cancel(long);
  });

  test('runs activities side by side and hands every result on, in order', async () => {
    let open = 0;
    let most = 0;
    let noted: unknown;
    await start('fanOut', { count: 20 });
    await work({
      work: async (input) => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 100));
        open--;
        return { place: input };
      },
      note: (input) => Promise.resolve(void (noted = input)),
    });
    await ended('COMPLETED');
    expect(noted).toEqual(Array.from({ length: 20 }, (_, place) => ({ place })));
    expect(most).toBeGreaterThan(4);
  });

  test('repeats a failed activity with doubling pauses and its last heartbeat', async () => {
    const attempts: { number: number; last: unknown; ms: number }[] = [];
    await start('sequence', ['flaky']);
    await work({
      flaky: (_, context) => {
        attempts.push({ number: context.attempt, last: context.lastHeartbeat, ms: performance.now() });
        context.heartbeat({ done: context.attempt });
        return context.attempt < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve();
      },
    });
    await ended('COMPLETED');
    expect(attempts.map(({ number, last }) => [number, last])).toEqual([
      [1, undefined],
      [2, { done: 1 }],
      [3, { done: 2 }],
    ]);
    const [first = 0, second = 0, third = 0] = attempts.map(({ ms }) => ms);
    expect(second - first).toBeGreaterThan(0.9 * retryDelayMs);
    expect(third - second).toBeGreaterThan(1.8 * retryDelayMs);
  });

  test('waits while a server is away, which counts as no attempt', async () => {
    const calls: { attempt: number; last: unknown }[] = [];
    await start('sequence', ['flaky']);
    await work({
      flaky: (_, context) => {
        calls.push({ attempt: context.attempt, last: context.lastHeartbeat });
        context.heartbeat({ done: calls.length });
        return calls.length < 5 ? Promise.reject(new OutageError('storage')) : Promise.resolve();
      },
    });
    await ended('COMPLETED');
    const last = [undefined, { done: 1 }, { done: 2 }, { done: 3 }, { done: 4 }];
    expect(calls).toEqual(last.map((details) => ({ attempt: 1, last: details })));
  });

  test('gives up after the last attempt, and the orchestration learns name, code and details', async () => {
    let count = 0;
    let cleaned: unknown;
    const error = Object.assign(new RangeError('too far'), { code: 'FAR', details: { metres: 5 } });
    await start('guarded', 'flaky');
    await work({
      flaky: () => Promise.reject((count++, error)),
      cleanUp: (input) => Promise.resolve(void (cleaned = input)),
    });
    await ended('FAILED');
    expect(count).toBe(3);
    expect(await errorOf()).toBe('too far');
    const failure = { name: 'RangeError', message: 'too far', code: 'FAR', details: { metres: 5 } };
    expect(cleaned).toEqual({ name: 'ActivityError', message: 'too far', code: 'FAR', failure });
  });

  test('does not repeat an error that says it is final', async () => {
    let count = 0;
    await start('sequence', ['flaky']);
    await work({ flaky: () => Promise.reject((count++, Object.assign(new Error('never'), { nonRetryable: true }))) });
    await ended('FAILED');
    expect([count, await errorOf()]).toEqual([1, 'never']);
  });

  test('aborts an attempt that takes too long, and repeats it', async () => {
    const reasons: string[] = [];
    await start('sequence', ['hasty']);
    await work({
      hasty: async (_, { attempt, signal }) => {
        if (attempt === 1) await stuck(signal).catch((error: Error) => reasons.push(error.message));
        signal.throwIfAborted();
      },
    });
    await ended('COMPLETED');
    expect(reasons).toEqual(['It took longer than 400 ms.']);
  });

  test('aborts an attempt that falls silent; the next one resumes with the details', async () => {
    const resumed: unknown[] = [];
    await start('sequence', ['silent']);
    await work({
      silent: async (_, context) => {
        resumed.push(context.lastHeartbeat);
        context.heartbeat({ image: 7 });
        if (context.attempt === 1) await stuck(context.signal);
      },
    });
    await ended('COMPLETED');
    expect(resumed).toEqual([undefined, { image: 7 }]);
  });

  test('cancelled before a worker sees it, a run calls nothing but its clean-up', async () => {
    const cleaned: unknown[] = [];
    await start('guarded', 'work');
    await harness.engine.cancel(id);
    await work({ cleanUp: (input) => Promise.resolve(cleaned.push(input)) });
    await ended('CANCELLED');
    expect(cleaned).toEqual([{ name: 'CancelledError', message: 'The run was cancelled.' }]);
  });

  test('cancelling aborts the activity, refuses the next, waits for its end, and still cleans up', async () => {
    const seen: string[] = [];
    await start('stubborn');
    await work({
      work: async (_, { signal }) => {
        seen.push('begins');
        const reason = await stuck(signal).catch((error: unknown) => error);
        await new Promise((resolve) => setTimeout(resolve, 300));
        seen.push(`ends with ${reason instanceof CancelledError ? 'CancelledError' : String(reason)}`);
        throw reason;
      },
      cleanUp: () => Promise.resolve(seen.push('cleans up')),
    });
    await until(() => seen.length === 1, { what: 'the beginning', timeoutMs: endMs });
    await harness.engine.cancel(id);
    await ended('CANCELLED');
    expect(seen).toEqual(['begins', 'ends with CancelledError', 'cleans up']);
  });

  test('cancelling during the clean-up lets it finish', async () => {
    const seen: string[] = [];
    let finish = (): void => undefined;
    await start('guarded', 'work');
    await work({
      work: () => Promise.reject(new Error('no luck')),
      cleanUp: async (_, { signal }) => {
        seen.push('cleans up');
        await new Promise<void>((resolve) => (finish = resolve));
        seen.push(signal.aborted ? 'aborted' : 'done');
      },
    });
    await until(() => seen.length === 1, { what: 'the clean-up', timeoutMs: endMs });
    await harness.engine.cancel(id);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    finish();
    await ended('FAILED');
    expect(seen).toEqual(['cleans up', 'done']);
    expect(await errorOf()).toBe('no luck');
  });

  test('cancelling while an activity waits for its next attempt ends the run', async () => {
    let count = 0;
    const cleaned: unknown[] = [];
    await start('guarded', 'flaky');
    await work({
      flaky: () => Promise.reject((count++, new Error('not yet'))),
      cleanUp: (input) => Promise.resolve(cleaned.push((input as Error).name)),
    });
    await until(() => count === 1, { what: 'the first attempt', timeoutMs: endMs });
    await harness.engine.cancel(id);
    await until(async () => (await harness.engine.describe(id))?.status !== 'RUNNING', {
      what: 'the end',
      timeoutMs: endMs,
    });
    expect(cleaned).toHaveLength(1);
  });

  test('a failed branch ends the run, and what still runs is aborted', async () => {
    let aborted = false;
    const cleaned: unknown[] = [];
    await start('torn');
    await work({
      work: (_, { signal }) => stuck(signal).catch(() => void (aborted = true)),
      flaky: () => Promise.reject(Object.assign(new Error('torn'), { nonRetryable: true })),
      cleanUp: (input) => Promise.resolve(cleaned.push((input as Error).message)),
    });
    await ended('FAILED');
    expect(cleaned).toEqual(['torn']);
    await until(() => aborted, { what: 'the abort', timeoutMs: endMs });
  });

  test('an orchestration may cancel its calls, waits for their ends, and goes on with others', async () => {
    const seen: unknown[] = [];
    const activities: Partial<JobActivities> = {
      work: async (_, { signal }) => {
        seen.push('begins');
        const reason = await stuck(signal).catch((error: unknown) => error);
        await new Promise((resolve) => setTimeout(resolve, 200));
        seen.push('ends');
        throw reason;
      },
      flaky: async () => {
        await until(() => seen.length === 1, { what: 'the other branch', timeoutMs: endMs });
        throw Object.assign(new Error('no use'), { nonRetryable: true });
      },
      note: (input) => Promise.resolve(void seen.push(input)),
      cleanUp: (input) => Promise.resolve(void seen.push((input as Error).message)),
    };
    await start('givenUp');
    await work(activities);
    await ended('FAILED');
    expect(seen).toEqual(['begins', 'ends', ['CancelledError', 'ActivityError'], 'no use']);
    expect(await errorOf()).toBe('no use');
  });

  test('goes on in the next worker, repeats nothing finished, and counts no stop as an attempt', async () => {
    const done: string[] = [];
    const holding: string[] = [];
    let isHeld = true;
    const activities: Partial<JobActivities> = {
      // The second branch is faster: each must still get its own answers back.
      work: async (input, context) => {
        if (input === 'a1' && isHeld) {
          holding.push(String(context.lastHeartbeat));
          context.heartbeat(holding.length);
          await stuck(context.signal);
        }
        done.push(String(input));
        return input;
      },
      note: (input) => Promise.resolve(done.push(JSON.stringify(input))),
    };
    await start('branches');
    for (const stops of [1, 2]) {
      const worker = await work(activities);
      await until(() => holding.length === stops && done.length === 2, { what: 'a held step', timeoutMs: endMs });
      await worker.stop();
    }
    isHeld = false;
    await work(activities);
    await ended('COMPLETED');
    expect(holding).toEqual(['undefined', '1']);
    expect(done).toEqual([
      'b1',
      '"b2"',
      'a1',
      '"a2"',
      JSON.stringify([
        ['a1', 4],
        ['b1', 2],
      ]),
    ]);
  });

  test('a mistake in the orchestration fails the run', async () => {
    await start('broken');
    await work({});
    await ended('FAILED');
    expect(await errorOf()).toBe('a mistake of the programmer');
  });
}
