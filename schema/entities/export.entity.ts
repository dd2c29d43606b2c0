import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { ExportStatus } from '../enums.ts';

@ObjectType({ description: 'The model of an iteration as an archive, for use elsewhere.' })
@Entity({ name: 'export' })
@Index('IX_export_iteration_id_id', ['iterationId', 'id'])
@Index('IX_export_project_id', ['projectId'])
@Index('IX_export_status', ['status'])
export class Export {
  @Field(() => ID, { description: 'Identifier; sorts in order of creation.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => ID, { description: 'The project it belongs to.' })
  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => ID, { description: 'The iteration.' })
  @Column({ name: 'iteration_id', type: 'varchar', length: 36 })
  iterationId: string;

  @Field(() => String, { description: 'The platform, one of exportPlatforms.' })
  @Column({ name: 'platform', type: 'varchar', length: 32 })
  platform: string;

  @Field(() => String, { nullable: true, description: 'The flavor; null for the default flavor.' })
  @Column({ name: 'flavor', type: 'varchar', length: 32, nullable: true })
  flavor: string | null;

  @Field(() => ExportStatus, { description: 'Its status.' })
  @Column({ name: 'status', type: 'varchar', length: 32 })
  status: ExportStatus;

  @Field(() => Float, { description: 'Fraction of the work that is done, 0 to 1.' })
  @Column({ name: 'fraction', type: 'double' })
  fraction: number;

  @Field(() => String, { description: 'Progress in words.' })
  @Column({ name: 'message', type: 'text' })
  message: string;

  @Field(() => String, { nullable: true, description: 'Why it failed.' })
  @Column({ name: 'error', type: 'text', nullable: true })
  error: string | null;

  /** Version of the exporter that wrote the archive. */
  @Column({ name: 'exporter_version', type: 'varchar', length: 16 })
  exporterVersion: string;

  @Field(() => Float, { nullable: true, description: 'Size of the archive.' })
  @Column({ name: 'size_bytes', type: 'integer', nullable: true })
  sizeBytes: number | null;

  @Field(() => String, { nullable: true, description: 'SHA-256 of the archive.' })
  @Column({ name: 'sha256', type: 'varchar', length: 64, nullable: true })
  sha256: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Largest difference in probability between the exported model and the server, measured on the reference images ' +
      'in the archive.',
  })
  @Column({ name: 'largest_difference', type: 'double', nullable: true })
  largestDifference: number | null;

  @Field(() => Date, { description: 'When it was requested.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When it was ready or had failed.' })
  @Column({ name: 'finished_at', type: 'datetime', precision: 3, nullable: true })
  finishedAt: Date | null;
}
