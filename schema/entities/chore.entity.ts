import { Column, Entity, PrimaryColumn } from 'typeorm';

/** When a regular task was last begun, so that of many processes one does it. */
@Entity({ name: 'chore' })
export class Chore {
  @PrimaryColumn({ name: 'name', type: 'varchar', length: 64 })
  name: string;

  @Column({ name: 'begun_at', type: 'datetime', precision: 3 })
  begunAt: Date;
}
