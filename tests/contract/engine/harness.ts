import type { Engine } from '../../../workflows/engines/engine.ts';
import type { JobActivities } from './jobs.ts';

/** Pause after a first failure, short enough for a test and long enough to be measured. */
export const retryDelayMs = 200;

/** An engine with nothing in it, and workers for it. */
export interface Harness {
  engine: Engine;
  /** Starts a worker that knows these activities; the others fail. By default it has room for all that a test starts. */
  startWorker(activities: Partial<JobActivities>, concurrency?: number): Promise<JobWorker>;
  close(): Promise<void>;
}

export interface JobWorker {
  /** As a process that was told to stop. */
  stop(): Promise<void>;
}

/** All activities, where a test names only some. */
export function completed(activities: Partial<JobActivities>): JobActivities {
  const unexpected = (name: string) => () => Promise.reject(new Error(`«${name}» was not expected`));
  const names = ['work', 'note', 'archive', 'flaky', 'hasty', 'silent', 'cleanUp'] as const;
  const all = Object.fromEntries(names.map((name) => [name, unexpected(name)]));
  return { ...all, ...activities } as JobActivities;
}
