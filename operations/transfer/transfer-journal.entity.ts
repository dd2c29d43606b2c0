import { Column, Entity, PrimaryColumn } from 'typeorm';

/** In the target while a transfer is not finished: which installation it copies. */
@Entity({ name: 'transfer' })
export class Transfer {
  @PrimaryColumn({ name: 'source_id', type: 'varchar', length: 64 })
  sourceId: string;

  @Column({ name: 'started_at', type: 'datetime' })
  startedAt: Date;
}

/** An object that is in the target, read back and found equal. */
@Entity({ name: 'transfer_object' })
export class TransferObject {
  @PrimaryColumn({ name: 'object_key', type: 'varchar', length: 512 })
  key: string;

  @Column({ name: 'size_bytes', type: 'bigint' })
  sizeBytes: number;

  @Column({ name: 'sha256', type: 'varchar', length: 64 })
  sha256: string;
}
