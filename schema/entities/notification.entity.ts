import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { NotificationStatus, NotificationSubject } from '../enums.ts';

@ObjectType({ description: 'A message to the notification URL of a project.' })
@Entity({ name: 'notification' })
@Index('IX_notification_project_id_id', ['projectId', 'id'])
@Index('IX_notification_status_next_attempt_at', ['status', 'nextAttemptAt'])
export class Notification {
  @Field(() => ID, { description: 'Identifier, sent in the header Taglens-Delivery; the same for every attempt.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => NotificationSubject, { description: 'What it is about.' })
  @Column({ name: 'subject', type: 'varchar', length: 32 })
  subject: NotificationSubject;

  @Field(() => ID, { nullable: true, description: 'The iteration or export; null for the connection test.' })
  @Column({ name: 'entity_id', type: 'varchar', length: 36, nullable: true })
  entityId: string | null;

  @Field(() => Boolean, { description: 'Whether it reports a success.' })
  @Column({ name: 'is_success', type: 'boolean' })
  isSuccess: boolean;

  @Field(() => NotificationStatus, { description: 'Whether it has been delivered.' })
  @Column({ name: 'status', type: 'varchar', length: 32 })
  status: NotificationStatus;

  @Field(() => Int, { description: 'Number of attempts so far.' })
  @Column({ name: 'attempts', type: 'integer' })
  attempts: number;

  /** Milliseconds since 1970. While an attempt is under way: when another process may try. */
  @Column({ name: 'next_attempt_at', type: 'bigint' })
  nextAttemptAt: number;

  @Field(() => String, { nullable: true, description: 'Why the last attempt failed.' })
  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError: string | null;

  @Field(() => Date, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it was delivered.' })
  @Column({ name: 'delivered_at', type: 'datetime', precision: 3, nullable: true })
  deliveredAt: Date | null;
}
