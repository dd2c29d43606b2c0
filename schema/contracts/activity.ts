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

/** How an engine treats one activity. Times are milliseconds. */
export interface ActivityPolicy {
  /** Longest time one attempt may take. */
  timeoutMs: number;
  /** Longest silence between two heartbeats; 0 when the activity sends none. */
  heartbeatMs: number;
  /** Attempts in all, the first included. */
  attempts: number;
  /** Still runs after the run was cancelled: for cleaning up. */
  runsWhenCancelled?: boolean;
}

export type Activity = (input: never, context: ActivityContext) => Promise<unknown>;

/** The interface of activities as an orchestration sees it: without the context. */
export type ActivityCalls<T> = {
  [K in keyof T]: T[K] extends (input: infer I, context: ActivityContext) => infer R ? (input: I) => R : never;
};

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
