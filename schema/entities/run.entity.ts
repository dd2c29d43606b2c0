import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

export type RunStatus = 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** One orchestration the embedded engine has to bring to its end. Times are milliseconds since 1970. */
@Entity({ name: 'run' })
@Index('run_status_index', ['status', 'createdAt'])
export class RunRow {
  /** Chosen by the caller; a second start with the same id joins this run. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id: string;

  @Column({ type: 'varchar', length: 64 })
  name: string;

  /** Runs of one group never run at the same time; groups take turns. */
  @Column({ name: 'run_group', type: 'varchar', length: 36, nullable: true })
  group: string | null;

  @Column({ type: 'simple-json' })
  input: unknown;

  @Column({ type: 'varchar', length: 16 })
  status: RunStatus;

  @Column({ name: 'cancel_requested', type: 'boolean', default: false })
  cancelRequested: boolean;

  @Column({ type: 'simple-json', nullable: true })
  result: unknown;

  @Column({ type: 'text', nullable: true })
  error: string | null;

  /** Which runner holds the run; null when none does. */
  @Column({ name: 'lease_owner', type: 'varchar', length: 36, nullable: true })
  leaseOwner: string | null;

  /** After this moment any runner may take the run over. */
  @Column({ name: 'lease_until', type: 'bigint', nullable: true })
  leaseUntil: number | null;

  /** The request that asked for it, as a W3C traceparent; null when requests are not traced. */
  @Column({ name: 'trace_parent', type: 'varchar', length: 55, nullable: true })
  traceParent: string | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt: number;

  @Column({ name: 'started_at', type: 'bigint', nullable: true })
  startedAt: number | null;

  @Column({ name: 'finished_at', type: 'bigint', nullable: true })
  finishedAt: number | null;
}
