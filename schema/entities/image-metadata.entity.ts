import { Field, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@ObjectType({ description: 'Something known about an image besides its tags, such as the camera or the place.' })
@Entity({ name: 'image_metadata' })
@Index('IX_image_metadata_project_id_image_id', ['projectId', 'imageId'])
export class ImageMetadata {
  @PrimaryColumn({ name: 'image_id', type: 'varchar', length: 36 })
  imageId: string;

  @Field(() => String, { description: 'Name, 1 to 256 characters, unique in its image.' })
  @PrimaryColumn({ name: 'name', type: 'varchar', length: 256 })
  name: string;

  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => String, { description: 'Value, at most 512 characters.' })
  @Column({ name: 'value', type: 'varchar', length: 512 })
  value: string;
}
