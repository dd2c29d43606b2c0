import { In } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import type { Logger } from '../../../infra/logger.ts';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { IterationStatus, TrainingPhase } from '../../../schema/enums.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import { announceProgress, openStatuses, startRun } from './training-run.ts';

interface TrainingWatchDeps {
  database: Database;
  storage: Storage;
  engine: Engine;
  logger: Logger;
}

const intervalMs = 5000;

/**
 * Keeps rows and runs together. A committed row is a promise: when the engine could not be reached, or the process ended in
 * between, the run is started now. A run that was ended from outside (by an operator, say) ends its iteration.
 */
export class TrainingWatch {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private isStopped = false;
  private isEngineAway = false;

  constructor(private readonly deps: TrainingWatchDeps) {}

  /** Looks now, and again and again. */
  start(): void {
    this.current = this.look().finally(() => {
      if (!this.isStopped) this.timer = setTimeout(() => this.start(), intervalMs);
    });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  private async look(): Promise<void> {
    const { database, logger } = this.deps;
    try {
      const open = await database.read.manager.find(Iteration, {
        where: { status: In(openStatuses) },
        order: { id: 'ASC' },
      });
      for (const iteration of open) await this.settle(iteration);
      if (this.isEngineAway) logger.info('trainings can be started again');
      this.isEngineAway = false;
    } catch (error) {
      // Said once, not at every look.
      if (!this.isEngineAway) logger.error({ err: error }, 'trainings cannot be started now; they wait');
      this.isEngineAway = true;
    }
  }

  private async settle(iteration: Iteration): Promise<void> {
    if (this.isStopped) return;
    const run = await this.deps.engine.describe(iteration.id);
    if (!run) return startRun(this.deps.engine, iteration);
    if (run.status === 'QUEUED' || run.status === 'RUNNING') return;
    const isCancelled = run.status === 'CANCELLED';
    const reason = run.error || 'The run was ended from outside.';
    await this.end(iteration.id, isCancelled ? IterationStatus.CANCELLED : IterationStatus.FAILED, reason);
  }

  /** A run ends after its last activity has written the row, so a row that is still open then has nobody else. */
  private async end(id: string, status: IterationStatus, reason: string): Promise<void> {
    const { database, storage } = this.deps;
    const isOpen = await database.transact(async (manager) => {
      const error = status === IterationStatus.FAILED ? reason : null;
      const changes = { status, error, phase: TrainingPhase.DONE, fraction: 1, message: reason };
      const { affected } = await manager.update(Iteration, { id, status: In(openStatuses) }, changes);
      if (affected === 0) return false;
      await manager.delete(ShardProgress, { iterationId: id });
      await announceProgress(manager, await manager.findOneByOrFail(Iteration, { id }));
      return true;
    });
    if (isOpen) await storage.deletePrefix(keys.iteration(id));
  }
}
