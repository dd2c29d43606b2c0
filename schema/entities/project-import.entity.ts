import { Field, Int, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@ObjectType({ description: 'How a project was copied from another one with a copy token.' })
@Entity({ name: 'project_import' })
export class ProjectImport {
  @PrimaryColumn({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  /** Signed: whoever has it can read the source, so that it is nobody else's business. */
  @Column({ name: 'source_url', type: 'text' })
  sourceUrl: string;

  /** The source, when it is in this installation: it is read without going through the network. */
  @Column({ name: 'local_project_id', type: 'varchar', length: 36, nullable: true })
  localProjectId: string | null;

  /** The tags made here, by the ids of those that they are copies of. */
  @Column({ name: 'tag_ids', type: 'simple-json' })
  tagIds: Record<string, string>;

  /** Last image of the source that is done; so are all before it. */
  @Column({ name: 'last_image_id', type: 'varchar', length: 36, nullable: true })
  lastImageId: string | null;

  @Field(() => Int, { description: 'Number of images in the source when the import began.' })
  @Column({ name: 'image_count', type: 'integer' })
  imageCount: number;

  @Field(() => Int, { description: 'Number of images copied so far.' })
  @Column({ name: 'imported_count', type: 'integer' })
  importedCount: number;

  @Field(() => Int, {
    description:
      'Number of images left out because they were deleted from the source meanwhile or refused by this server.',
  })
  @Column({ name: 'left_out_count', type: 'integer' })
  leftOutCount: number;

  /** Last iteration of the source that is done; so are all before it. */
  @Column({ name: 'last_iteration_id', type: 'varchar', length: 36, nullable: true })
  lastIterationId: string | null;

  @Field(() => Int, { description: 'Number of COMPLETED iterations in the source when the import began.' })
  @Column({ name: 'iteration_count', type: 'integer', default: 0 })
  iterationCount: number;

  @Field(() => Int, { description: 'Number of iterations copied so far; they follow the images.' })
  @Column({ name: 'imported_iteration_count', type: 'integer', default: 0 })
  importedIterationCount: number;

  @Field(() => Int, {
    description:
      'Number of iterations left out because they were deleted from the source meanwhile or because this version cannot read their files.',
  })
  @Column({ name: 'left_out_iteration_count', type: 'integer', default: 0 })
  leftOutIterationCount: number;

  @Field(() => String, { nullable: true, description: 'Why it failed.' })
  @Column({ name: 'error', type: 'text', nullable: true })
  error: string | null;

  @Field(() => Date, { description: 'When it was requested.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it ended.' })
  @Column({ name: 'finished_at', type: 'datetime', precision: 3, nullable: true })
  finishedAt: Date | null;
}
