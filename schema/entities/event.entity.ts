import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** The outbox: one row per change, written in the transaction of the change. */
@Entity({ name: 'event' })
@Index('event_entity_id_index', ['entityId', 'id'])
export class EventRow {
  /** Grows with every event; a client resumes from the last one it saw. */
  @PrimaryGeneratedColumn({ type: 'integer' })
  id: number;

  @Column({ type: 'varchar', length: 64 })
  topic: string;

  @Column({ name: 'entity_id', type: 'varchar', length: 36 })
  entityId: string;

  @Column({ name: 'project_id', type: 'varchar', length: 36, nullable: true })
  projectId: string | null;

  @Column({ type: 'simple-json' })
  payload: object;

  /** Milliseconds since 1970. */
  @Column({ name: 'created_at', type: 'bigint' })
  createdAt: number;
}
