import { LessThanOrEqual, type EntityManager } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { lockRow } from '../../infra/database/lock.ts';
import { appendEvent } from '../../infra/events/outbox.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { ShardProgress } from '../../schema/entities/shard-progress.entity.ts';
import { IterationStatus, TrainingPhase } from '../../schema/enums.ts';
import { describeProgress } from './shard-speed.ts';

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

type Phase = keyof typeof shares;

/** What a worker has to tell, put together when its turn has come. */
type Telling = (manager: EntityManager) => Promise<{ phase: Phase; fraction: number; message: string }>;

const eventIntervalMs = 1000;

/**
 * Tells how far one training is. Every process that works on it has a tracker of its own; what each knows of its shards
 * meets in the database, where one of them at most writes an event in a second.
 */
export class ProgressTracker {
  private lastMs = 0;
  private writing: Promise<void> = Promise.resolve();
  private readonly changed = new Map<number, ShardProgress>();

  constructor(
    private readonly database: Database,
    private readonly iterationId: string,
  ) {}

  /** An attempt at a shard begins; images whose features are kept already count as done. */
  beginShard(shard: number, imageCount: number, doneCount: number): ShardProgress {
    const startedAt = Date.now();
    const counts = { imageCount, doneCount, extractedCount: 0 };
    const row = { iterationId: this.iterationId, shard, ...counts, startedAt, updatedAt: startedAt };
    this.changed.set(shard, row);
    return row;
  }

  /** @param total images of all shards */
  imageDone(row: ShardProgress, total: number): void {
    row.doneCount++;
    row.extractedCount++;
    row.updatedAt = Date.now();
    this.changed.set(row.shard, row);
    this.tell(this.shardsTogether(total));
  }

  /** @param fraction of the phase */
  report(phase: Phase, fraction: number, message: string): void {
    this.tell(() => Promise.resolve({ phase, fraction, message }));
  }

  /** Writes the end of a shard at once: no other process knows of it, and this one may have no further reason to tell. */
  async endShard(total: number): Promise<void> {
    this.write(this.shardsTogether(total));
    await this.flush();
  }

  /** To be awaited before an activity ends, so that no step is told after the end of the training. */
  async flush(): Promise<void> {
    const written = this.writing;
    // A failed write is thrown to the activity that asked, and not to every later one.
    this.writing = Promise.resolve();
    await written;
  }

  private tell(telling: Telling): void {
    if (Date.now() - this.lastMs >= eventIntervalMs) this.write(telling);
  }

  private write(telling: Telling): void {
    const nowMs = (this.lastMs = Date.now());
    const rows = [...this.changed.values()].map((row) => ({ ...row }));
    this.changed.clear();
    this.writing = this.writing.then(() => this.writeNow(nowMs, rows, telling));
    this.writing.catch(() => undefined);
  }

  private async writeNow(nowMs: number, rows: ShardProgress[], telling: Telling): Promise<void> {
    const { iterationId: id } = this;
    await this.database.transact(async (manager) => {
      const row = await lockRow(manager, Iteration, { id });
      if (row?.status !== IterationStatus.TRAINING) return;
      if (rows.length > 0) await manager.upsert(ShardProgress, rows, ['iterationId', 'shard']);
      if (!(await takeTurn(manager, id, nowMs))) return;
      const { phase, fraction, message } = await telling(manager);
      const [start, end] = shares[phase];
      // Never backwards, not even when an attempt begins to count anew.
      const step = { phase, fraction: Math.max(row.fraction, start + (end - start) * fraction), message };
      await reportProgress(manager, id, { status: IterationStatus.TRAINING, ...step });
    });
  }

  private shardsTogether(total: number): Telling {
    return async (manager) => {
      const shards = await manager.findBy(ShardProgress, { iterationId: this.iterationId });
      const done = shards.reduce((sum, { doneCount }) => sum + doneCount, 0);
      const message = describeProgress(shards, total, Date.now());
      return { phase: TrainingPhase.FEATURES, fraction: done / Math.max(1, total), message };
    };
  }
}

/** True for one process in a second: the update finds the row only once. */
async function takeTurn(manager: EntityManager, id: string, nowMs: number): Promise<boolean> {
  const progressedAt = LessThanOrEqual(nowMs - eventIntervalMs);
  const { affected } = await manager.update(Iteration, { id, progressedAt }, { progressedAt: nowMs });
  return affected === 1;
}
