import { LessThan, LessThanOrEqual, MoreThanOrEqual, type EntityManager } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { lockRow } from '../../infra/database/lock.ts';
import { appendEvent } from '../../infra/events/outbox.ts';
import type { TrainingCurvePoint, TrainingPlanName } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { ShardProgress } from '../../schema/entities/shard-progress.entity.ts';
import { IterationStatus, TrainingPhase } from '../../schema/enums.ts';
import { describeProgress } from './shard-speed.ts';
import { addToCurve } from './training-curve.ts';

export interface Progress {
  status: IterationStatus;
  phase: TrainingPhase;
  fraction: number;
  message: string;
}

const running: ReadonlySet<IterationStatus> = new Set([IterationStatus.QUEUED, IterationStatus.TRAINING]);

/**
 * The row of a training, kept from others until the transaction ends; null when it is over or gone: an activity that was
 * cancelled may go on for a while, and must not write behind those who cleaned up after it.
 */
export async function lockRunning(manager: EntityManager, id: string): Promise<Iteration | null> {
  const row = await lockRow(manager, Iteration, { id });
  return row && running.has(row.status) ? row : null;
}

/**
 * Writes progress on the iteration and the event that tells subscribers, in the caller's transaction.
 * @param point the step of gradient descent that was reached, for subscribers that draw the curve
 */
export async function reportProgress(
  manager: EntityManager,
  iterationId: string,
  progress: Progress,
  point: TrainingCurvePoint | null = null,
): Promise<void> {
  const { projectId } = await manager.findOneByOrFail(Iteration, { id: iterationId });
  await manager.update(Iteration, { id: iterationId }, { ...progress });
  const event = { topic: 'iteration.progressed', entityId: iterationId, projectId };
  await appendEvent(manager, { ...event, payload: { ...progress, point } });
}

type Phase = Exclude<TrainingPhase, TrainingPhase.SNAPSHOT | TrainingPhase.DONE>;

/** Where each phase ends in the whole, and so the next begins; phases that a plan does not have end where they begin. */
const ends: Record<TrainingPlanName, Record<Phase, number>> = {
  HEAD: { FEATURES: 0.85, HEAD: 0.96, TRAINING: 0.96, EVALUATION: 0.98, PACKAGE: 1 },
  DETECTOR: { FEATURES: 0.3, HEAD: 0.3, TRAINING: 0.95, EVALUATION: 0.98, PACKAGE: 1 },
  FINE_TUNE: { FEATURES: 0.2, HEAD: 0.23, TRAINING: 0.95, EVALUATION: 0.98, PACKAGE: 1 },
};
/** Share of the snapshot in the whole. */
const firstShare = 0.02;

function shareOf(plan: TrainingPlanName, phase: Phase, fraction: number): number {
  const phases = Object.keys(ends[plan]) as Phase[];
  const before = phases[phases.indexOf(phase) - 1];
  const start = before ? ends[plan][before] : firstShare;
  return start + (ends[plan][phase] - start) * fraction;
}

/** What a worker has to tell, put together when its turn has come. */
type Telling = (manager: EntityManager) => Promise<{ phase: Phase; fraction: number; message: string }>;

/** Parts are counted downwards from here, since shards are counted upwards from 0. */
const firstPartRow = -1;

const eventIntervalMs = 1000;

/**
 * Tells how far one training is. Every process that works on it has a tracker of its own; what each knows of its shards
 * meets in the database, where one of them at most writes an event in a second.
 */
export class ProgressTracker {
  private lastMs = 0;
  private writing: Promise<void> = Promise.resolve();
  private openWrites = 0;
  private readonly changed = new Map<number, ShardProgress>();
  /** Not written yet; all of one part, since a process works on one at a time. */
  private points: TrainingCurvePoint[] = [];

  constructor(
    private readonly database: Database,
    private readonly iterationId: string,
    private readonly plan: () => Promise<TrainingPlanName>,
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

  /** An attempt at a part begins; its first step tells what was done before. */
  beginPart(part: number): ShardProgress {
    return this.beginShard(firstPartRow - part, 0, 0);
  }

  /** @param partCount of all parts, which are about equally long */
  stepDone(row: ShardProgress, point: TrainingCurvePoint, partCount: number): void {
    row.imageCount = point.steps;
    row.doneCount = point.step;
    row.extractedCount++;
    row.updatedAt = Date.now();
    this.changed.set(row.shard, row);
    if (this.isTime()) this.writePoint(point, partCount);
  }

  /** Writes the end of a part at once, with what held-out images say of it. */
  async endPart(point: TrainingCurvePoint, partCount: number): Promise<void> {
    this.writePoint(point, partCount);
    await this.flush();
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
    if (this.isTime()) this.write(telling);
  }

  /** A database that is slow or away must not be told what is long past. */
  private isTime(): boolean {
    return this.openWrites === 0 && Date.now() - this.lastMs >= eventIntervalMs;
  }

  private writePoint(point: TrainingCurvePoint, partCount: number): void {
    this.points.push(point);
    this.write(this.partsTogether(point, partCount));
  }

  private write(telling: Telling): void {
    const nowMs = (this.lastMs = Date.now());
    const rows = [...this.changed.values()].map((row) => ({ ...row }));
    this.changed.clear();
    const points = this.points.splice(0);
    this.openWrites++;
    const write = async (): Promise<void> => {
      try {
        await this.writeNow(nowMs, rows, points, telling);
      } catch (error) {
        this.keepForLater(rows, points);
        throw error;
      } finally {
        this.openWrites--;
      }
    };
    // One that failed must not keep later ones from being tried.
    this.writing = this.writing.then(write, write);
    this.writing.catch(() => undefined);
  }

  private keepForLater(rows: ShardProgress[], points: TrainingCurvePoint[]): void {
    for (const row of rows) if (!this.changed.has(row.shard)) this.changed.set(row.shard, row);
    this.points.unshift(...points);
  }

  private async writeNow(
    nowMs: number,
    rows: ShardProgress[],
    points: TrainingCurvePoint[],
    telling: Telling,
  ): Promise<void> {
    const { iterationId: id } = this;
    const plan = await this.plan();
    await this.database.transact(async (manager) => {
      const row = await lockRunning(manager, id);
      if (!row) return;
      if (rows.length > 0) await manager.upsert(ShardProgress, rows, ['iterationId', 'shard']);
      if (points.length > 0)
        await manager.update(Iteration, { id }, { trainingCurve: addToCurve(row.trainingCurve ?? [], points) });
      if (!(await takeTurn(manager, id, nowMs))) return;
      const { phase, fraction, message } = await telling(manager);
      // Never backwards, not even when an attempt begins to count anew.
      const step = { phase, fraction: Math.max(row.fraction, shareOf(plan, phase, fraction)), message };
      await reportProgress(manager, id, { status: IterationStatus.TRAINING, ...step }, points.at(-1));
    });
  }

  private shardsTogether(total: number): Telling {
    return async (manager) => {
      const shards = await manager.findBy(ShardProgress, { iterationId: this.iterationId, shard: MoreThanOrEqual(0) });
      const done = shards.reduce((sum, { doneCount }) => sum + doneCount, 0);
      const message = describeProgress(shards, total, Date.now());
      return { phase: TrainingPhase.FEATURES, fraction: done / Math.max(1, total), message };
    };
  }

  private partsTogether({ steps, loss }: TrainingCurvePoint, partCount: number): Telling {
    return async (manager) => {
      const parts = await manager.findBy(ShardProgress, { iterationId: this.iterationId, shard: LessThan(0) });
      const done = parts.reduce((sum, { doneCount }) => sum + doneCount, 0);
      const total = steps * partCount;
      const message = `${describeProgress(parts, total, Date.now(), 'steps')}; loss ${loss.toFixed(3)}`;
      return { phase: TrainingPhase.TRAINING, fraction: Math.min(1, done / total), message };
    };
  }
}

/** True for one process in a second: the update finds the row only once. */
async function takeTurn(manager: EntityManager, id: string, nowMs: number): Promise<boolean> {
  const progressedAt = LessThanOrEqual(nowMs - eventIntervalMs);
  const { affected } = await manager.update(Iteration, { id, progressedAt }, { progressedAt: nowMs });
  return affected === 1;
}
