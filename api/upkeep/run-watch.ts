import type { Logger } from '../../infra/logger.ts';
import type { Engine } from '../../workflows/engines/engine.ts';

/** Rows that each have a run of the same id. */
export interface WatchedRuns<Row extends { id: string } = { id: string }> {
  /** Rows that have a run or must get one, the oldest first. */
  open(): Promise<Row[]>;
  /** Joins the run if there is one already. */
  start(row: Row): Promise<void>;
  /** Writes on the row, if it is still open, that its run was ended from outside. */
  end(id: string, how: { isCancelled: boolean; reason: string }): Promise<void>;
}

interface RunWatchDeps {
  engine: Engine;
  runs: readonly WatchedRuns[];
  logger: Logger;
}

const intervalMs = 5000;

/**
 * Keeps rows and runs together. A committed row is a promise: when the engine could not be reached, or the process ended in
 * between, the run is started now. A run that was ended from outside (by an operator, say) ends its row.
 */
export class RunWatch {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private isStopped = false;
  private isEngineAway = false;

  constructor(private readonly deps: RunWatchDeps) {}

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
    const { runs, logger } = this.deps;
    try {
      for (const kind of runs) for (const row of await kind.open()) await this.settle(kind, row);
      if (this.isEngineAway) logger.info('trainings and exports can be started again');
      this.isEngineAway = false;
    } catch (error) {
      // Said once, not at every look.
      if (!this.isEngineAway) logger.error({ err: error }, 'trainings and exports cannot be started now; they wait');
      this.isEngineAway = true;
    }
  }

  private async settle(kind: WatchedRuns, row: { id: string }): Promise<void> {
    if (this.isStopped) return;
    const run = await this.deps.engine.describe(row.id);
    if (!run) return kind.start(row);
    if (run.status === 'QUEUED' || run.status === 'RUNNING') return;
    const reason = run.error || 'The run was ended from outside.';
    // A run ends after its last activity has written the row, so a row that is still open then has nobody else.
    await kind.end(row.id, { isCancelled: run.status === 'CANCELLED', reason });
  }
}
