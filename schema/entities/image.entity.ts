import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@ObjectType({ description: 'An image of a project.' })
@Entity({ name: 'image' })
@Index('UQ_image_project_id_sha256', ['projectId', 'sha256'], { unique: true })
@Index('IX_image_project_id_id_name', ['projectId', 'id', 'name'])
@Index('IX_image_project_id_is_test_id_name', ['projectId', 'isTest', 'id', 'name'])
@Index('IX_image_project_id_is_tagged_id_is_test_name', ['projectId', 'isTagged', 'id', 'isTest', 'name'])
@Index('IX_image_sha256', ['sha256'])
export class Image {
  @Field(() => ID, { description: 'Identifier; sorts in upload order.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => ID, { description: 'The project it belongs to.' })
  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => String, { description: 'File name given at the upload.' })
  @Column({ name: 'name', type: 'varchar', length: 255 })
  name: string;

  @Field(() => String, { description: 'SHA-256 of the original bytes, 64 hexadecimal digits.' })
  @Column({ name: 'sha256', type: 'varchar', length: 64 })
  sha256: string;

  @Column({ name: 'perceptual_hash', type: 'varchar', length: 16 })
  perceptualHash: string;

  @Field(() => String, { description: 'jpeg, png, bmp, gif, webp or avif.' })
  @Column({ name: 'format', type: 'varchar', length: 32 })
  format: string;

  @Field(() => Int, { description: 'Width of the upright image in pixels.' })
  @Column({ name: 'width', type: 'integer' })
  width: number;

  @Field(() => Int, { description: 'Height of the upright image in pixels.' })
  @Column({ name: 'height', type: 'integer' })
  height: number;

  @Field(() => Int, { description: 'Size of the original in bytes.' })
  @Column({ name: 'size_bytes', type: 'integer' })
  sizeBytes: number;

  @Field(() => Boolean, { description: 'Whether it is a test image: used for measuring and never trained on.' })
  @Column({ name: 'is_test', type: 'boolean' })
  isTest: boolean;

  /** Told by its links too; here so that an index can. */
  @Column({ name: 'is_tagged', type: 'boolean', default: false })
  isTagged: boolean;

  @Field(() => Date, { description: 'When it was uploaded.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}
