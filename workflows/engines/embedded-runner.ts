import { In, Not, type FindOperator } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import type { Logger } from '../../infra/logger.ts';
import { traced } from '../../infra/tracing.ts';
import {
  CancelledError,
  firstRetryDelayMs,
  isOutage,
  type Activity,
  type ActivityPolicy,
  type RunControl,
} from '../../schema/contracts/activity.ts';
import type { RunRow } from '../../schema/entities/run.entity.ts';
import { Execution, type Orchestration, type RunnableActivity } from './embedded-execution.ts';
import { Journal, LeaseLostError } from './embedded-journal.ts';
import { Leases } from './embedded-leases.ts';

export interface RunnerOptions {
  database: Database;
  /** Plain functions over their own interface of activities; `never` lets each state its own types. */
  orchestrations: Record<string, (activities: never, input: never, run: RunControl) => Promise<unknown>>;
  activities: Record<string, Activity>;
  /** One policy for each activity; a missing one refuses the start. */
  policies: Record<string, ActivityPolicy>;
  /** Runs at the same time, of orchestrations without slots of their own. */
  concurrency: number;
  /** Runs at the same time by the name of their orchestration: these neither wait for others nor keep others waiting. */
  ownSlots?: Record<string, number>;
  /** A run whose runner was silent for this long is taken over. */
  leaseMs: number;
  pollMs: number;
  /** Pause before the second attempt of an activity; doubles with each further one. */
  retryDelayMs?: number;
  logger: Logger;
}

/** Room for so many runs of some orchestrations. */
interface Slots {
  count: number;
  /** The orchestrations whose runs may take one. */
  names: FindOperator<string>;
}

/** The working half of the embedded engine: claims runs and brings them to their end. Many may share a database. */
export class EmbeddedRunner {
  private readonly leases: Leases;
  private readonly slots: readonly Slots[];
  private readonly active = new Map<string, { execution: Execution; ended: Promise<void>; slots: Slots | null }>();
  private pollTimer: NodeJS.Timeout | undefined;
  private renewTimer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private running = false;

  constructor(private readonly options: RunnerOptions) {
    this.leases = new Leases(options.database, options.leaseMs);
    this.slots = slotsOf(options);
    const missing = Object.keys(options.activities).filter((name) => !options.policies[name]);
    if (missing.length > 0) throw new Error(`These activities have no policy: ${missing.join(', ')}.`);
  }

  start(): void {
    this.running = true;
    this.renewTimer = setInterval(() => void this.renew(), this.options.leaseMs / 3);
    this.poke();
  }

  /** Stops taking runs, interrupts those under way and gives them back; they go on in the next runner. */
  async stop(): Promise<void> {
    this.running = false;
    clearTimeout(this.pollTimer);
    await this.looking;
    const ids = [...this.active.keys()];
    for (const { execution } of this.active.values()) execution.drop();
    await Promise.all([...this.active.values()].map((run) => run.ended));
    clearInterval(this.renewTimer);
    // When this cannot be written the leases simply run out.
    await this.leases
      .release(ids)
      .catch((error: unknown) => this.options.logger.error({ err: error }, 'leases could not be given back'));
  }

  /** Looks for work now instead of at the next poll. */
  poke(): void {
    if (!this.running || this.looking) return;
    clearTimeout(this.pollTimer);
    this.looking = this.look()
      .catch((error: unknown) => this.options.logger.error({ err: error }, 'the runner could not look for work'))
      .finally(() => {
        this.looking = undefined;
        if (this.running) this.pollTimer = setTimeout(() => this.poke(), this.options.pollMs);
      });
  }

  private async look(): Promise<void> {
    for (const id of await this.leases.listCancelled([...this.active.keys()])) this.active.get(id)?.execution.cancel();
    for (let run = await this.leases.claimCancelled(); run; run = await this.leases.claimCancelled())
      await this.begin(run, null);
    for (const slots of this.slots) await this.fill(slots);
  }

  private async fill(slots: Slots): Promise<void> {
    while (this.running && this.usedOf(slots) < slots.count) {
      const run = await this.leases.claim(slots.names);
      if (!run) return;
      await this.begin(run, slots);
    }
  }

  private usedOf(slots: Slots): number {
    return [...this.active.values()].filter((run) => run.slots === slots).length;
  }

  private async begin(run: RunRow, slots: Slots | null): Promise<void> {
    // Its lease ran out under us and came back to us: the earlier execution must be gone before a second one starts.
    const earlier = this.active.get(run.id);
    earlier?.execution.drop();
    await earlier?.ended;
    const { activities, policies, database, retryDelayMs = firstRetryDelayMs } = this.options;
    const journal = await Journal.open(database, run.id, this.leases.owner);
    const runnable = activities as Record<string, RunnableActivity>;
    const execution = new Execution({ runId: run.id, journal, activities: runnable, policies, retryDelayMs });
    if (run.cancelRequested) execution.cancel();
    const ended = this.execute(run, execution)
      .catch((error: unknown) => this.loggerOf(run).error({ err: error }, 'the end of a run was not written'))
      .finally(() => {
        this.active.delete(run.id);
        this.poke();
      });
    this.active.set(run.id, { execution, ended, slots });
  }

  private async execute(run: RunRow, execution: Execution): Promise<void> {
    const { orchestrations } = this.options;
    const logger = this.loggerOf(run);
    logger.info('a run begins or goes on');
    try {
      const orchestration = Object.hasOwn(orchestrations, run.name) ? orchestrations[run.name] : undefined;
      if (!orchestration) throw new Error(`There is no orchestration called “${run.name}”.`);
      const span = { attributes: { 'taglens.run_id': run.id }, parent: run.traceParent };
      const result = await traced(`run ${run.name}`, span, () =>
        execution.run(orchestration as Orchestration, run.input),
      );
      await this.leases.finish(run.id, 'COMPLETED', { result });
      logger.info('a run is complete');
    } catch (error) {
      await this.fail(run, execution, error);
    }
  }

  private async fail(run: RunRow, execution: Execution, error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    const logger = this.loggerOf(run);
    if (error instanceof LeaseLostError) {
      logger.warn('a run was given up; the next runner goes on with it');
    } else if (isOutage(error)) {
      // Nothing is known to be wrong with the run. Its lease is no longer renewed: whoever finds it run out goes on.
      logger.warn({ err: error }, 'the journal of a run could not be written; it goes on when its lease has run out');
    } else if (error instanceof CancelledError && execution.isCancelled) {
      await this.leases.finish(run.id, 'CANCELLED', {});
    } else {
      logger.error({ err: error }, 'a run failed');
      await this.leases.finish(run.id, 'FAILED', { error: message });
    }
  }

  /** The input of a run is ids alone, such as that of the iteration: with them a line can be found again. */
  private loggerOf({ id, name, input }: RunRow): Logger {
    return this.options.logger.child({ ...(input as object), runId: id, orchestration: name });
  }

  private async renew(): Promise<void> {
    try {
      for (const id of await this.leases.renew([...this.active.keys()])) this.active.get(id)?.execution.drop();
    } catch (error) {
      this.options.logger.error({ err: error }, 'leases could not be renewed');
    }
  }
}

function slotsOf({ concurrency, ownSlots = {} }: RunnerOptions): Slots[] {
  const own = Object.entries(ownSlots).map(([name, count]) => ({ count, names: In([name]) }));
  return [{ count: concurrency, names: Not<string>(In(Object.keys(ownSlots))) }, ...own];
}
