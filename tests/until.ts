import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** What is waited for, to be named when it does not come. */
  what?: string;
  /** Default: a minute. */
  timeoutMs?: number;
  /** Who asks seldom leaves the processor to those who work. */
  everyMs?: number;
}

/** As long as a test may take, for work that takes minutes on a slow machine. */
export const aWholeTest: Patience = { timeoutMs: 300_000 };

/**
 * Asks until the answer is neither false nor nothing, and returns it.
 * @throws Error when that takes too long
 */
export async function until<T>(
  ask: () => Promise<T> | T,
  { what = 'the condition', timeoutMs = 60_000, everyMs = 5 }: Patience = {},
): Promise<Exclude<T, false | null | undefined>> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(everyMs)) {
    const answer = await ask();
    if (answer !== false && answer != null) return answer as Exclude<T, false | null | undefined>;
  }
  throw new Error(`${what} did not come about within ${timeoutMs} ms`);
}
