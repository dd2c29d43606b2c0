import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity({ name: 'idempotent_answer' })
@Index('IX_idempotent_answer_created_at', ['createdAt'])
export class IdempotentAnswer {
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 64 })
  id: string;

  @Column({ name: 'request_sha256', type: 'varchar', length: 64 })
  requestSha256: string;

  @Column({ name: 'answer', type: 'text', nullable: true })
  answer: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}
