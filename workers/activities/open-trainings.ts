import type { Snapshot } from '../../schema/contracts/training.ts';
import type { ActivityDeps } from './deps.ts';
import { ProgressTracker } from './progress.ts';
import { loadSnapshot } from './take-snapshot.ts';

/** What the activities of one training share while it runs in this process. */
export interface OpenTraining {
  tracker: ProgressTracker;
  /** Read once: every shard of a large project needs it, and it may be large itself. */
  snapshot: () => Promise<Snapshot>;
}

/** Trainings whose snapshots stay in memory; a process seldom hears of the end of one that it worked on. */
const keptAtOnce = 4;

/** The trainings that run in this process. */
export class OpenTrainings {
  private readonly open = new Map<string, OpenTraining>();

  constructor(private readonly deps: ActivityDeps) {}

  of(iterationId: string): OpenTraining {
    const known = this.open.get(iterationId);
    if (known) return known;
    let snapshot: Promise<Snapshot> | undefined;
    const load = (): Promise<Snapshot> =>
      loadSnapshot(this.deps, iterationId).catch((error: unknown) => {
        // The next attempt may find the storage back.
        snapshot = undefined;
        throw error;
      });
    const training = {
      tracker: new ProgressTracker(this.deps.database, iterationId),
      snapshot: () => (snapshot ??= load()),
    };
    this.open.set(iterationId, training);
    const [oldest] = this.open.keys();
    if (this.open.size > keptAtOnce && oldest !== undefined) this.open.delete(oldest);
    return training;
  }

  forget(iterationId: string): void {
    this.open.delete(iterationId);
  }
}
