import { In } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { currentTraceParent } from '../../infra/tracing.ts';
import { RunRow } from '../../schema/entities/run.entity.ts';
import type { Engine, StartOptions } from './engine.ts';

/** The client half of the embedded engine: it writes rows that an `EmbeddedRunner`, here or in another process, picks up. */
export class EmbeddedEngine implements Engine {
  private lastMs = 0;

  /** @param onChange called after a start or a cancel, to wake a runner before its next poll */
  constructor(
    private readonly database: Database,
    private readonly onChange: () => void = () => undefined,
  ) {}

  async start(name: string, input: unknown, { id, group }: StartOptions): Promise<void> {
    await this.database.transact(async (manager) => {
      if (await manager.existsBy(RunRow, { id })) return;
      await manager.insert(RunRow, {
        id,
        name,
        group: group ?? null,
        input: input ?? {},
        status: 'QUEUED',
        traceParent: currentTraceParent(),
        createdAt: this.now(),
      });
    });
    this.onChange();
  }

  async cancel(id: string): Promise<void> {
    await this.database.transact((manager) =>
      manager.update(RunRow, { id, status: In(['QUEUED', 'RUNNING']) }, { cancelRequested: true }),
    );
    this.onChange();
  }

  async describe(id: string) {
    const run = await this.database.read.getRepository(RunRow).findOneBy({ id });
    if (!run) return null;
    return { status: run.status, ...(run.error === null ? {} : { error: run.error }) };
  }

  /** Two starts in one millisecond still have an order. */
  private now(): number {
    this.lastMs = Math.max(Date.now(), this.lastMs + 1);
    return this.lastMs;
  }
}
