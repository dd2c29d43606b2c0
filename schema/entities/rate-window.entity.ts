import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** How often a key has asked for something within one minute. */
@Entity({ name: 'rate_window' })
@Index('IX_rate_window_started_at', ['startedAt'])
export class RateWindow {
  /** An API key, or «playground» for those who need none. */
  @PrimaryColumn({ name: 'key_id', type: 'varchar', length: 36 })
  keyId: string;

  /** What is counted. */
  @PrimaryColumn({ name: 'name', type: 'varchar', length: 32 })
  name: string;

  /** Milliseconds since 1970; a whole minute. */
  @PrimaryColumn({ name: 'started_at', type: 'bigint' })
  startedAt: number;

  @Column({ name: 'used', type: 'integer' })
  used: number;
}
