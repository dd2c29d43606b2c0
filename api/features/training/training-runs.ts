import { In } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { IterationStatus, TrainingPhase } from '../../../schema/enums.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import type { WatchedRuns } from '../../upkeep/run-watch.ts';
import { announceProgress, openStatuses, startRun } from './training-run.ts';

interface TrainingRunsDeps {
  database: Database;
  storage: Storage;
  engine: Engine;
}

/** The iterations that train, for the watch over their runs. */
export class TrainingRuns implements WatchedRuns<Iteration> {
  constructor(private readonly deps: TrainingRunsDeps) {}

  open(): Promise<Iteration[]> {
    const where = { status: In(openStatuses) };
    return this.deps.database.read.manager.find(Iteration, { where, order: { id: 'ASC' } });
  }

  start(iteration: Iteration): Promise<void> {
    return startRun(this.deps.engine, iteration);
  }

  async end(id: string, { isCancelled, reason }: { isCancelled: boolean; reason: string }): Promise<void> {
    const { database, storage } = this.deps;
    const status = isCancelled ? IterationStatus.CANCELLED : IterationStatus.FAILED;
    const isOpen = await database.transact(async (manager) => {
      const error = isCancelled ? null : reason;
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
