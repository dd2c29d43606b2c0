/** What an activity gets beside its input, whichever engine calls it. */
export interface ActivityContext {
  /** Aborts when the run is cancelled, the attempt timed out or another process took the run over. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt; counts over restarts of the process. */
  readonly attempt: number;
  /** Details of the last heartbeat of an earlier attempt that was stored, so that work can resume there. */
  readonly lastHeartbeat: unknown;
  /** The run's id, for logs and for keys that must be the same on a retry. */
  readonly runId: string;
  /** Says the activity is alive; `details` is plain JSON, stored at most once a second. */
  heartbeat(details?: unknown): void;
}

/** Where an activity waits for a worker: beside the orchestrations, with all that keeps a processor busy, or apart from both. */
export const activityQueues = ['workflows', 'compute', 'exports'] as const;
export type ActivityQueue = (typeof activityQueues)[number];

/** How an engine treats one activity. Times are milliseconds. */
export interface ActivityPolicy {
  queue: ActivityQueue;
  /** Longest time one attempt may take. */
  timeoutMs: number;
  /** Longest silence between two heartbeats; 0 when the activity sends none. */
  heartbeatMs: number;
  /** Attempts in all, the first included; those that ended with their process do not count. */
  attempts: number;
  /** Goes before others of its queue: what was begun is ended before more is begun. */
  goesFirst?: boolean;
  /** Still runs after the run was cancelled: for cleaning up. */
  runsWhenCancelled?: boolean;
}

/** A call cut off this often, never by its own error, probably kills its process; it is not tried for ever. */
export const interruptionLimit = 20;

/** How long an activity whose signal was aborted may take to return before it is left behind. */
export const graceMs = 5000;
/** After so long without a sign of life a process counts as dead and its activities begin again elsewhere. */
export const processLostAfterMs = 15_000;

/** An activity waits for so long for a server that is away; then it fails, and further attempts wait as long. */
export const longestOutageMs = 30 * 60_000;
/** Until it looks again; the pause doubles up to the longest. */
export const outagePauseMs = { first: 250, longest: 5000 };

export const firstRetryDelayMs = 1000;
export const longestRetryDelayMs = 30_000;

/** The pause after so many failures: it doubles each time. */
export function retryDelayMs(failures: number, firstMs = firstRetryDelayMs): number {
  return Math.min(firstMs * 2 ** (failures - 1), longestRetryDelayMs);
}

export type Activity = (input: never, context: ActivityContext) => Promise<unknown>;

/** The interface of activities as an orchestration sees it: without the context. */
export type ActivityCalls<T> = {
  [K in keyof T]: T[K] extends (input: infer I, context: ActivityContext) => infer R ? (input: I) => R : never;
};

/** What an orchestration may do to its run, beside calling activities. */
export interface RunControl {
  /** Cancels the activities under way, which are still to be waited for. The run goes on, and so may later calls. */
  cancelCalls(): void;
}

/** Thrown into an orchestration by its next activity call once the run was cancelled. */
export class CancelledError extends Error {
  readonly nonRetryable = true;

  constructor(message = 'The run was cancelled.') {
    super(message);
    this.name = 'CancelledError';
  }
}

/** An activity that failed for good. Carries the same whether it failed just now or in a process that is gone. */
export class ActivityError extends Error {
  constructor(
    readonly activity: string,
    /** The message is the activity's own; `cause` is not kept, since only JSON crosses a restart. */
    readonly failure: ActivityFailure,
  ) {
    super(failure.message);
    this.name = 'ActivityError';
  }

  get code(): string | undefined {
    return this.failure.code;
  }
}

/** An error as it is written down. */
export interface ActivityFailure {
  name: string;
  message: string;
  code?: string;
  details?: unknown;
  cancelled?: true;
}

/** @param error whatever an activity threw */
export function describeFailure(error: unknown): ActivityFailure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { code, details } = error as { code?: unknown; details?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(details === undefined ? {} : { details }),
    ...(error instanceof CancelledError ? { cancelled: true as const } : {}),
  };
}

/** What the orchestration gets to see of it. */
export function errorOf(activity: string, failure: ActivityFailure): ActivityError | CancelledError {
  return failure.cancelled ? new CancelledError(failure.message) : new ActivityError(activity, failure);
}

/** Whether another attempt could not end otherwise, by the error's own word. */
export function isFinal(error: unknown): boolean {
  return (error as { nonRetryable?: unknown } | null)?.nonRetryable === true;
}

/** Whether a server that the activity needs is away, by the error's own word: nothing is wrong with the activity. */
export function isOutage(error: unknown): boolean {
  return (error as { isOutage?: unknown } | null)?.isOutage === true;
}

export function interruptedTooOften(activity: string): ActivityFailure {
  return { name: 'Error', message: `“${activity}” was interrupted too often (${interruptionLimit} times).` };
}
