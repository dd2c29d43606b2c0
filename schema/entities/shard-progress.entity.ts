import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far one shard of a running training is, or one of its parts, whichever process works on it; gone when the training ends. */
@Entity({ name: 'shard_progress' })
export class ShardProgress {
  @PrimaryColumn({ name: 'iteration_id', type: 'varchar', length: 36 })
  iterationId: string;

  /** From 0; parts are counted down from -1. */
  @PrimaryColumn({ name: 'shard', type: 'integer' })
  shard: number;

  /** Steps of a part, as for all counts. */
  @Column({ name: 'image_count', type: 'integer' })
  imageCount: number;

  /** Images whose features are there, or that were left out. */
  @Column({ name: 'done_count', type: 'integer' })
  doneCount: number;

  /** Images that the present attempt ran through the backbone: what its speed is told from. */
  @Column({ name: 'extracted_count', type: 'integer' })
  extractedCount: number;

  /** When the present attempt began, in milliseconds since 1970. */
  @Column({ name: 'started_at', type: 'bigint' })
  startedAt: number;

  /** Milliseconds since 1970. */
  @Column({ name: 'updated_at', type: 'bigint' })
  updatedAt: number;
}
