export type RunState = 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export interface StartOptions {
  /** Names the run; starting the same id again joins the run that is there, finished or not. */
  id: string;
  /** Runs of one group (a project id) never run at once, and groups take turns. */
  group?: string;
}

/** Whoever runs orchestrations cannot be reached; asking again later may help. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
}

/** Starts orchestrations and remembers how far they are. What they do is decided elsewhere. Every call throws EngineUnavailableError. */
export interface Engine {
  /** Resolves once the run is durably queued. `input` is plain JSON. */
  start(name: string, input: unknown, options: StartOptions): Promise<void>;
  /** Asks the run to stop; it ends CANCELLED after its clean-up. No error when it is unknown or over. */
  cancel(id: string): Promise<void>;
  /** null when no run has this id. */
  describe(id: string): Promise<{ status: RunState; error?: string } | null>;
}
