import type { ActivityContext } from '../../schema/contracts/activity.ts';

/** A third of the silence that the policies allow. */
const beatMs = 20_000;

/**
 * Says that an activity is alive while it waits for its turn, reads or computes, with how far it is. The beat stops with
 * the process and with an event loop that stands still.
 */
export async function withHeartbeat<T>(
  context: ActivityContext,
  progress: () => Record<string, number | string>,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => context.heartbeat(progress()), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
