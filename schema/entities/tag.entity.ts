import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { TagType } from '../enums.ts';

@ObjectType({ description: 'Something to be recognised in images.' })
@Entity({ name: 'tag' })
@Index('UQ_tag_project_id_name', ['projectId', 'name'], { unique: true })
export class Tag {
  @Field(() => ID, { description: 'Identifier.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => ID, { description: 'The project it belongs to.' })
  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => String, { description: 'Name, unique in its project.' })
  @Column({ name: 'name', type: 'varchar', length: 255 })
  name: string;

  @Field(() => String, { description: 'Free text.' })
  @Column({ name: 'description', type: 'text' })
  description: string;

  @Field(() => TagType, { description: 'Regular or negative.' })
  @Column({ name: 'type', type: 'varchar', length: 32 })
  type: TagType;

  @Field(() => Int, { description: 'Number of images that have the tag.' })
  @Column({ name: 'image_count', type: 'integer', default: 0 })
  imageCount: number;

  @Field(() => Date, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}
