import { randomUUID } from 'node:crypto';
import {
  In,
  LessThan,
  type EntityManager,
  type FindManyOptions,
  type FindOperator,
  type FindOptionsWhere,
} from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { forUpdate } from '../../infra/database/lock.ts';
import { RunRow, type RunStatus } from '../../schema/entities/run.entity.ts';

const mostCandidates = 1000;

/** Who may run what: claims runs for one runner and keeps them. Times are milliseconds. */
export class Leases {
  /** A new name each start, so that a restarted process never believes it still holds an old lease. */
  readonly owner = randomUUID();
  private lastMs = 0;

  constructor(
    private readonly database: Database,
    private readonly leaseMs: number,
  ) {}

  /**
   * Takes the run whose turn it is, or null. Abandoned runs come first, then the group that was served longest
   * ago, then the oldest.
   * @param names of the orchestrations whose runs are meant
   */
  claim(names: FindOperator<string>): Promise<RunRow | null> {
    return this.take({ name: names }, (manager, candidates) => this.choose(manager, candidates));
  }

  /** Takes a queued run that was cancelled: it just cleans up, so neither a busy group nor a full runner makes it wait. */
  claimCancelled(): Promise<RunRow | null> {
    const isMeant = (row: RunRow) => row.status === 'QUEUED' && row.cancelRequested;
    return this.take({}, (_, candidates) => Promise.resolve(candidates.find(isMeant)));
  }

  private async take(
    which: FindOptionsWhere<RunRow>,
    choose: (manager: EntityManager, candidates: RunRow[]) => Promise<RunRow | undefined>,
  ): Promise<RunRow | null> {
    // Looking needs no write lock; most looks find nothing.
    if ((await this.candidates(this.database.read.manager, which)).length === 0) return null;
    return this.database.transact(async (manager) => {
      // Locked from the oldest on: of two that look at once, the second goes on when the first has chosen.
      const candidates = await this.candidates(manager, which, forUpdate(manager));
      const run = await choose(manager, candidates);
      if (!run) return null;
      const startedAt = this.now();
      const taken = {
        status: 'RUNNING' as const,
        leaseOwner: this.owner,
        leaseUntil: Date.now() + this.leaseMs,
        startedAt,
      };
      await manager.update(RunRow, { id: run.id }, taken);
      return { ...run, ...taken };
    });
  }

  /** Lengthens the leases of these runs and returns the ids of those that were lost. */
  async renew(ids: string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    return this.database.transact(async (manager) => {
      const held = { id: In(ids), leaseOwner: this.owner, status: 'RUNNING' as const };
      await manager.update(RunRow, held, { leaseUntil: Date.now() + this.leaseMs });
      const kept = new Set((await manager.findBy(RunRow, held)).map((row) => row.id));
      return ids.filter((id) => !kept.has(id));
    });
  }

  async listCancelled(ids: string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const rows = await this.database.read.getRepository(RunRow).findBy({ id: In(ids), cancelRequested: true });
    return rows.map((row) => row.id);
  }

  /** Writes the end of a run, unless the lease was lost. */
  async finish(id: string, status: RunStatus, values: { result?: unknown; error?: string }): Promise<void> {
    const end = { status, leaseOwner: null, leaseUntil: null, finishedAt: Date.now() };
    await this.database.transact((manager) =>
      manager.update(RunRow, { id, leaseOwner: this.owner }, {
        ...end,
        result: values.result ?? null,
        error: values.error ?? null,
      } as object),
    );
  }

  /** Gives unfinished runs back at once, for an orderly stop. */
  async release(ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.database.transact((manager) =>
      manager.update(RunRow, { id: In(ids), leaseOwner: this.owner }, { leaseOwner: null, leaseUntil: 0 }),
    );
  }

  private candidates(
    manager: EntityManager,
    which: FindOptionsWhere<RunRow>,
    lock: Pick<FindManyOptions, 'lock'> = {},
  ): Promise<RunRow[]> {
    return manager.find(RunRow, {
      ...lock,
      where: [
        { ...which, status: 'QUEUED' },
        { ...which, status: 'RUNNING', leaseUntil: LessThan(Date.now()) },
      ],
      order: { createdAt: 'ASC', id: 'ASC' },
      take: mostCandidates,
    });
  }

  private async choose(manager: EntityManager, candidates: RunRow[]): Promise<RunRow | undefined> {
    const abandoned = candidates.find((row) => row.status === 'RUNNING');
    if (abandoned) return abandoned;
    const groups = await this.servedGroups(manager);
    const open = candidates.filter((row) => row.group === null || !groups.busy.has(row.group));
    const servedMs = (row: RunRow) => groups.served.get(row.group) ?? 0;
    // The sort is stable, so the oldest run of the group comes first.
    return open.sort((a, b) => servedMs(a) - servedMs(b))[0];
  }

  private async servedGroups(manager: EntityManager) {
    const rows = await manager
      .createQueryBuilder(RunRow, 'run')
      .select('run.group', 'name')
      .addSelect('MAX(run.started_at)', 'servedMs')
      .addSelect("SUM(CASE WHEN run.status = 'RUNNING' THEN 1 ELSE 0 END)", 'running')
      .where('run.started_at IS NOT NULL')
      .groupBy('run.run_group')
      .getRawMany<{ name: string | null; servedMs: number; running: number }>();
    return {
      served: new Map(rows.map((row) => [row.name, Number(row.servedMs)])),
      busy: new Set(rows.filter((row) => Number(row.running) > 0).map((row) => row.name)),
    };
  }

  /** Two claims in one millisecond still have an order, on which taking turns rests. */
  private now(): number {
    this.lastMs = Math.max(Date.now(), this.lastMs + 1);
    return this.lastMs;
  }
}
