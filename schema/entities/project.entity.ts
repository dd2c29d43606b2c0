import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { ProjectKind, ProjectStatus, ClassificationType } from '../enums.ts';

@ObjectType({ description: 'A set of images and tags, and the models trained on them.' })
@Entity({ name: 'project' })
export class Project {
  @Field(() => ID, { description: 'Identifier.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => String, { description: 'Name, 1 to 200 characters.' })
  @Column({ name: 'name', type: 'varchar', length: 255 })
  name: string;

  @Field(() => String, { description: 'Free text.' })
  @Column({ name: 'description', type: 'text' })
  description: string;

  @Field(() => ProjectStatus, { description: 'Whether it is complete.' })
  @Column({ name: 'status', type: 'varchar', length: 32, default: ProjectStatus.READY })
  status: ProjectStatus;

  @Field(() => ProjectKind, { description: 'Classification or detection.' })
  @Column({ name: 'kind', type: 'varchar', length: 32 })
  kind: ProjectKind;

  @Field(() => ClassificationType, { nullable: true, description: 'One tag or several per image; null for detection.' })
  @Column({ name: 'classification_type', type: 'varchar', length: 32, nullable: true })
  classificationType: ClassificationType | null;

  @Field(() => ID, { description: 'The domain: backbone, input size and recipe.' })
  @Column({ name: 'domain_id', type: 'varchar', length: 36 })
  domainId: string;

  /** Platforms that its models are meant for, as Azure's clients name them; kept for them. */
  @Column({ name: 'export_platforms', type: 'simple-json', nullable: true })
  exportPlatforms: string[] | null;

  @Field(() => String, { nullable: true, description: 'The URL notified when a training or export ends.' })
  @Column({ name: 'notification_url', type: 'text', nullable: true })
  notificationUrl: string | null;

  /** Signs what is sent there. */
  @Column({ name: 'notification_secret', type: 'varchar', length: 64, nullable: true })
  notificationSecret: string | null;

  /** Grows with every change of images, tags and classification type: tells whether a training would see anything new. */
  @Column({ name: 'content_version', type: 'integer' })
  contentVersion: number;

  @Field(() => Int, { description: 'Number of images.' })
  @Column({ name: 'image_count', type: 'integer', default: 0 })
  imageCount: number;

  @Field(() => Int, { description: 'Number of images without a tag.' })
  @Column({ name: 'untagged_image_count', type: 'integer', default: 0 })
  untaggedImageCount: number;

  @Field(() => Date, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { description: 'When its settings last changed.' })
  @Column({ name: 'updated_at', type: 'datetime', precision: 3 })
  updatedAt: Date;
}
