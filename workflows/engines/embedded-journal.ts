import type { EntityManager } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { lockRow } from '../../infra/database/lock.ts';
import { RunRow } from '../../schema/entities/run.entity.ts';
import { RunStepRow } from '../../schema/entities/run-step.entity.ts';
import type { ActivityFailure } from '../../schema/contracts/activity.ts';

/** Another runner holds the run now: this one must stop without writing anything. */
export class LeaseLostError extends Error {
  constructor() {
    super('Another runner has taken over the run.');
    this.name = 'LeaseLostError';
  }
}

/** The orchestration no longer makes the calls that are written down; going on would mix two programs. */
export class JournalMismatchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JournalMismatchError';
  }
}

/** The written memory of one run. Every write checks the lease in its own transaction. */
export class Journal {
  private completions: number;
  private readonly steps: Map<number, RunStepRow>;
  /** Writes go one after the other, and none after one that failed: what is written is a beginning of what happened. */
  private writes: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly database: Database,
    private readonly runId: string,
    private readonly owner: string,
    rows: RunStepRow[],
  ) {
    this.steps = new Map(rows.map((row) => [row.sequence, row]));
    this.completions = Math.max(0, ...rows.map((row) => row.completion ?? 0));
  }

  static async open(database: Database, runId: string, owner: string): Promise<Journal> {
    const rows = await database.read.getRepository(RunStepRow).findBy({ runId });
    return new Journal(database, runId, owner, rows);
  }

  /** Sequences of the calls that ended, in the order they ended. */
  ended(): number[] {
    return [...this.steps.values()]
      .filter((step) => step.completion !== null)
      .sort((a, b) => (a.completion ?? 0) - (b.completion ?? 0))
      .map((step) => step.sequence);
  }

  /**
   * The row of this call, if an earlier process wrote one.
   * @throws JournalMismatchError when it belongs to another activity
   */
  find(sequence: number, name: string): RunStepRow | undefined {
    const step = this.steps.get(sequence);
    if (step && step.name !== name) {
      throw new JournalMismatchError(
        `The journal has “${step.name}” as call ${sequence}, but the program now calls “${name}”. ` +
          'The orchestration was changed while this run was in progress; start a new run.',
      );
    }
    return step;
  }

  /** Notes that an attempt begins. */
  async begin(sequence: number, name: string): Promise<RunStepRow> {
    const before = this.steps.get(sequence);
    const step = this.row(sequence, name, { ...before, status: 'RUNNING', attempts: (before?.attempts ?? 0) + 1 });
    return this.save(step);
  }

  /** Notes a failed attempt that will be repeated, with the progress it had made. */
  async retry(step: RunStepRow): Promise<RunStepRow> {
    return this.save(this.row(step.sequence, step.name, { ...step, failures: step.failures + 1 }));
  }

  /** Stores the details `step` holds by now, unless the call has ended meanwhile. */
  async heartbeat(step: RunStepRow): Promise<void> {
    if (this.steps.get(step.sequence) === step) await this.save(step);
  }

  /** The value goes through JSON now, so that the first run sees the same as a replay. */
  async complete(step: RunStepRow, value: unknown): Promise<RunStepRow> {
    const result = JSON.parse(JSON.stringify({ value })) as { value?: unknown };
    return this.end(step.sequence, step.name, { ...step, status: 'COMPLETED', result });
  }

  async fail(sequence: number, name: string, error: ActivityFailure): Promise<RunStepRow> {
    return this.end(sequence, name, { ...this.steps.get(sequence), status: 'FAILED', error });
  }

  /** The number is taken before the write is queued: writes keep that order, and so do the answers. */
  private end(sequence: number, name: string, values: Partial<RunStepRow>): Promise<RunStepRow> {
    this.completions += 1;
    return this.save(this.row(sequence, name, { ...values, completion: this.completions }));
  }

  private row(sequence: number, name: string, values: Partial<RunStepRow>): RunStepRow {
    const empty = { attempts: 0, failures: 0, completion: null, result: null, error: null, heartbeat: null };
    const row = { ...empty, ...values, runId: this.runId, sequence, name, updatedAt: Date.now() } as RunStepRow;
    this.steps.set(sequence, row);
    return row;
  }

  private save(row: RunStepRow): Promise<RunStepRow> {
    const write = async (manager: EntityManager): Promise<RunStepRow> => {
      await this.checkLease(manager);
      await manager.upsert(RunStepRow, { ...row } as object, ['runId', 'sequence']);
      return row;
    };
    const turn = this.writes.then(() => this.database.transact(write));
    this.writes = turn;
    return turn;
  }

  private async checkLease(manager: EntityManager): Promise<void> {
    const run = await lockRow(manager, RunRow, { id: this.runId });
    if (run?.leaseOwner !== this.owner || run.status !== 'RUNNING') throw new LeaseLostError();
  }
}
