import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity({ name: 'image_tag' })
@Index('IX_image_tag_tag_id_image_id', ['tagId', 'imageId'])
@Index('IX_image_tag_project_id_image_id', ['projectId', 'imageId'])
export class ImageTag {
  @PrimaryColumn({ name: 'image_id', type: 'varchar', length: 36 })
  imageId: string;

  @PrimaryColumn({ name: 'tag_id', type: 'varchar', length: 36 })
  tagId: string;

  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}
