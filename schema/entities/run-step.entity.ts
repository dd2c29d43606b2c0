import { Column, Entity, PrimaryColumn } from 'typeorm';

export type RunStepStatus = 'RUNNING' | 'COMPLETED' | 'FAILED';

/** The journal: one row per activity call of a run, by the order in which the calls were made. */
@Entity({ name: 'run_step' })
export class RunStepRow {
  @PrimaryColumn({ name: 'run_id', type: 'varchar', length: 36 })
  runId: string;

  @PrimaryColumn({ type: 'integer' })
  sequence: number;

  /** The activity; a replay that calls another one at this sequence stops the run. */
  @Column({ type: 'varchar', length: 64 })
  name: string;

  @Column({ type: 'varchar', length: 16 })
  status: RunStepStatus;

  /** Attempts begun, over all runners. */
  @Column({ type: 'integer' })
  attempts: number;

  /** Attempts that ended in an error; the others were cut off by the end of their process. */
  @Column({ type: 'integer', default: 0 })
  failures: number;

  /** In which order the calls ended; a replay answers them in the same order, so that parallel branches agree. */
  @Column({ type: 'integer', nullable: true })
  completion: number | null;

  /** Boxed, since JSON alone cannot tell nothing from null. */
  @Column({ type: 'simple-json', nullable: true })
  result: { value?: unknown } | null;

  @Column({ type: 'simple-json', nullable: true })
  error: { name: string; message: string; code?: string; details?: unknown; cancelled?: true } | null;

  /** What the activity last said about its progress, given back when it starts again. */
  @Column({ name: 'heartbeat', type: 'simple-json', nullable: true })
  heartbeat: { details?: unknown } | null;

  /** Milliseconds since 1970. */
  @Column({ name: 'updated_at', type: 'bigint' })
  updatedAt: number;
}
