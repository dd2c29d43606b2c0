import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@ObjectType({ description: 'A name under which an iteration is published for predictions.' })
@Entity({ name: 'publication' })
@Index('UQ_publication_project_id_name', ['projectId', 'name'], { unique: true })
@Index('IX_publication_iteration_id', ['iterationId'])
export class Publication {
  @Field(() => ID, { description: 'Identifier.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => ID, { description: 'The project it belongs to.' })
  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => ID, { description: 'The published iteration.' })
  @Column({ name: 'iteration_id', type: 'varchar', length: 36 })
  iterationId: string;

  @Field(() => String, { description: 'Published name, unique in its project.' })
  @Column({ name: 'name', type: 'varchar', length: 255 })
  name: string;

  @Field(() => Float, {
    description:
      'For a detector: a box that overlaps a more probable box of the same tag by more than this (IoU) is not returned.',
  })
  // As a text: of a number TypeORM keeps the whole part alone, for MySQL.
  @Column({ name: 'iou_threshold', type: 'double', default: () => '0.45' })
  iouThreshold: number;

  @Field(() => Int, { description: 'For a detector: maximum number of boxes in an answer.' })
  @Column({ name: 'max_boxes', type: 'integer', default: 200 })
  maxBoxes: number;

  @Field(() => String, {
    nullable: true,
    description: 'The prediction resource that an Azure client named when it published; no effect here.',
  })
  @Column({ name: 'resource_id', type: 'varchar', length: 512, nullable: true })
  resourceId: string | null;

  @Field(() => Date, { description: 'When it was published.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}
