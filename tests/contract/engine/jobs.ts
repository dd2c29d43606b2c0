import type { ActivityCalls, ActivityContext, ActivityPolicy, RunControl } from '../../../schema/contracts/activity.ts';

type Job = (input: unknown, context: ActivityContext) => Promise<unknown>;

/** What the orchestrations of the contract call; each test says what these do. */
export interface JobActivities {
  work: Job;
  /** On the queue of light activities. */
  note: Job;
  /** On the queue of what somebody waits for. */
  archive: Job;
  flaky: Job;
  hasty: Job;
  silent: Job;
  cleanUp: Job;
}

export type JobCalls = ActivityCalls<JobActivities>;

const plain = { timeoutMs: 60_000, heartbeatMs: 0, attempts: 1 };

export const jobPolicies: Record<keyof JobActivities, ActivityPolicy> = {
  work: { queue: 'compute', ...plain },
  note: { queue: 'workflows', ...plain },
  archive: { queue: 'exports', ...plain },
  flaky: { queue: 'compute', ...plain, attempts: 3 },
  hasty: { queue: 'compute', ...plain, attempts: 2, timeoutMs: 400 },
  silent: { queue: 'compute', ...plain, attempts: 2, heartbeatMs: 400 },
  cleanUp: { queue: 'workflows', ...plain, attempts: 3, runsWhenCancelled: true },
};

const errorFacts = (error: unknown) => {
  const { name, message, code, failure } = error as { failure?: object } & Record<'name' | 'message' | 'code', string>;
  return { name, message, ...(code ? { code } : {}), ...(failure ? { failure } : {}) };
};

/** Calls what it is told to, one after the other, with its place as input. */
export async function sequence(calls: JobCalls, names: (keyof JobActivities)[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const name of names) results.push(await calls[name](results.length));
  return results;
}

/** Has a slot of its own in the embedded engine. */
export const awaited = (calls: JobCalls): Promise<unknown> => calls.archive('awaited');

/** Side by side, then a note of all results. */
export async function fanOut(calls: JobCalls, { count }: { count: number }): Promise<void> {
  const results = await Promise.all(Array.from({ length: count }, (_, place) => calls.work(place)));
  await calls.note(results);
}

/** Two branches of two steps each, which may overtake each other. */
export async function branches(calls: JobCalls): Promise<void> {
  const branch = async (name: string) => [await calls.work(`${name}1`), await calls.note(`${name}2`)];
  await calls.note(await Promise.all([branch('a'), branch('b')]));
}

/** Tries one thing and whatever comes cleans up, as a training does. */
export async function guarded(calls: JobCalls, name: keyof JobActivities): Promise<unknown> {
  try {
    const result = await calls[name]('guarded');
    return await calls.note(result);
  } catch (error) {
    await calls.cleanUp(errorFacts(error));
    throw error;
  }
}

/** One branch fails while the other still works. */
export async function torn(calls: JobCalls): Promise<void> {
  try {
    await Promise.all([calls.work('long'), calls.flaky('fails')]);
  } catch (error) {
    await calls.cleanUp(errorFacts(error));
    throw error;
  }
}

/** After the first failure the others are cancelled and waited for, and then comes one more call. */
export async function givenUp(calls: JobCalls, _: unknown, run: RunControl): Promise<void> {
  const branches = [calls.work('long'), calls.flaky('fails')];
  try {
    await Promise.all(branches);
  } catch (error) {
    run.cancelCalls();
    const ends = await Promise.allSettled(branches);
    await calls.note(ends.map((end) => (end.status === 'rejected' ? (end.reason as Error).name : end.value)));
    await calls.cleanUp(errorFacts(error));
    throw error;
  }
}

/** After a cancellation every further call is refused. */
export async function stubborn(calls: JobCalls): Promise<void> {
  try {
    await calls.work('stubborn').catch(() => calls.note('goes on'));
  } catch (error) {
    await calls.cleanUp(errorFacts(error));
    throw error;
  }
}

/** A mistake in the orchestration itself. */
export function broken(): Promise<never> {
  return Promise.reject(new TypeError('a mistake of the programmer'));
}
