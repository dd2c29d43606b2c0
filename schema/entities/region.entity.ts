import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@ObjectType({ description: 'A box around an object in an image, in fractions of the upright image.' })
@Entity({ name: 'region' })
@Index('IX_region_image_id_id', ['imageId', 'id'])
@Index('IX_region_tag_id', ['tagId'])
@Index('IX_region_project_id_id', ['projectId', 'id'])
export class Region {
  @Field(() => ID, { description: 'Identifier; sorts in order of creation.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => ID, { description: 'The image that contains it.' })
  @Column({ name: 'image_id', type: 'varchar', length: 36 })
  imageId: string;

  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => ID, { description: 'The id of its tag.' })
  @Column({ name: 'tag_id', type: 'varchar', length: 36 })
  tagId: string;

  // LEFT is a word of SQL.
  @Field(() => Float, { description: 'Left edge, 0 to 1.' })
  @Column({ name: 'box_left', type: 'double' })
  left: number;

  @Field(() => Float, { description: 'Top edge, 0 to 1.' })
  @Column({ name: 'box_top', type: 'double' })
  top: number;

  @Field(() => Float, { description: 'Width, 0 to 1.' })
  @Column({ name: 'box_width', type: 'double' })
  width: number;

  @Field(() => Float, { description: 'Height, 0 to 1.' })
  @Column({ name: 'box_height', type: 'double' })
  height: number;

  @Field(() => Date, { description: 'When it was drawn.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}
