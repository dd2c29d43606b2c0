import type { EntityManager } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { lockRow } from '../../infra/database/lock.ts';
import { appendEvent } from '../../infra/events/outbox.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { IterationStatus, TrainingPhase } from '../../schema/enums.ts';

export interface Progress {
  status: IterationStatus;
  phase: TrainingPhase;
  fraction: number;
  message: string;
}

/** Writes progress on the iteration and the event that tells subscribers, in the caller's transaction. */
export async function reportProgress(manager: EntityManager, iterationId: string, progress: Progress): Promise<void> {
  const { projectId } = await manager.findOneByOrFail(Iteration, { id: iterationId });
  await manager.update(Iteration, { id: iterationId }, { ...progress });
  const event = { topic: 'iteration.progressed', entityId: iterationId, projectId };
  await appendEvent(manager, { ...event, payload: { ...progress } });
}

/** Where each phase begins and ends in the whole: extraction takes by far the most time. */
const shares = {
  [TrainingPhase.FEATURES]: [0.02, 0.85],
  [TrainingPhase.HEAD]: [0.85, 0.96],
  [TrainingPhase.EVALUATION]: [0.96, 0.98],
  [TrainingPhase.PACKAGE]: [0.98, 1],
} as const;

const eventIntervalMs = 1000;

/** Tells how far one training is, at most once a second, however many shards report. */
export class ProgressTracker {
  private lastMs = 0;
  /** Never runs backwards, not even when a restarted process begins to count anew. */
  private reached = 0;
  private writing: Promise<void> = Promise.resolve();
  private readonly shards = new Map<number, { images: number; done: number }>();
  private readonly startedMs = performance.now();
  /** Images that really went through the backbone, for the speed: cached ones cost next to nothing. */
  private extracted = 0;

  constructor(
    private readonly database: Database,
    private readonly iterationId: string,
  ) {}

  beginShard(shard: number, images: number): void {
    this.shards.set(shard, { images, done: 0 });
  }

  imageDone(shard: number, isNew: boolean, total: number): void {
    const own = this.shards.get(shard);
    if (!own) return;
    own.done++;
    if (isNew) this.extracted++;
    // All shards begin together; one that did not begin here was finished before a restart.
    let open = 0;
    for (const { images, done } of this.shards.values()) open += images - done;
    this.report(TrainingPhase.FEATURES, (total - open) / total, this.speedMessage(total - open, total));
  }

  /** @param fraction of the phase */
  report(phase: keyof typeof shares, fraction: number, message: string): void {
    if (performance.now() - this.lastMs < eventIntervalMs && this.lastMs > 0) return;
    this.lastMs = performance.now();
    const [start, end] = shares[phase];
    this.reached = Math.max(this.reached, start + (end - start) * fraction);
    const step = { status: IterationStatus.TRAINING, phase, fraction: this.reached, message };
    this.writing = this.writing.then(() => this.write(step));
  }

  /** To be awaited before an activity ends, so that no step is told after the end of the training. */
  async flush(): Promise<void> {
    await this.writing;
  }

  private async write(step: Progress): Promise<void> {
    await this.database.transact(async (manager) => {
      const row = await lockRow(manager, Iteration, { id: this.iterationId });
      if (row?.status !== IterationStatus.TRAINING) return;
      this.reached = Math.max(this.reached, row.fraction);
      await reportProgress(manager, this.iterationId, { ...step, fraction: this.reached });
    });
  }

  private speedMessage(done: number, total: number): string {
    const seconds = (performance.now() - this.startedMs) / 1000;
    const text = `${done} of ${total} images`;
    if (this.extracted < 5) return text;
    const rate = this.extracted / seconds;
    const left = Math.ceil((total - done) / rate);
    return `${text}, ${rate.toFixed(1)} images/s, about ${left} s left`;
  }
}
