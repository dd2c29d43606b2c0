import type { Snapshot } from '../../schema/contracts/training.ts';
import { OnceEach } from '../ml/once-each.ts';
import type { ActivityDeps } from './deps.ts';
import { Originals } from './originals.ts';
import { ProgressTracker } from './progress.ts';
import { loadSnapshot } from './take-snapshot.ts';
import { readPlan, type TrainingPlan } from './training-plan.ts';

/** What the activities of one training share while it runs in this process. */
export interface OpenTraining {
  tracker: ProgressTracker;
  originals: Originals;
  /** Read once: every shard of a large project needs it, and it may be large itself. */
  snapshot: () => Promise<Snapshot>;
  plan: () => Promise<TrainingPlan>;
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
    const { database, storage } = this.deps;
    const plan = once(() => readPlan(storage, iterationId));
    const training = {
      tracker: new ProgressTracker(database, iterationId, async () => (await plan()).name),
      originals: new Originals(storage),
      snapshot: once(() => loadSnapshot(this.deps, iterationId)),
      plan,
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

/** Loads when first asked, and again only after a failure: the next attempt may find the storage back. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  const loaded = new OnceEach<null, T>(load);
  return () => loaded.of(null);
}
