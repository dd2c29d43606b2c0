import { ActivityError, CancelledError } from '../../schema/contracts/activity.ts';

/** Why a run ends without what it was started for, for the row that tells it. */
export function endingOf(error: unknown): { reason: string; isCancelled: boolean } {
  const isCancelled =
    error instanceof CancelledError || (error instanceof ActivityError && error.failure.cancelled === true);
  return { reason: error instanceof Error ? error.message : String(error), isCancelled };
}
