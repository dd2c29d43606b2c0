import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { TrainingPhase } from '../enums.ts';
import { IterationStatus, TrainingMode } from '../enums.ts';
import { ModelComparison } from './model-comparison.ts';
import type { TrainingCurvePoint } from './training-curve-point.ts';

@ObjectType({ description: 'One training of a project and the model that resulted from it.' })
@Entity({ name: 'iteration' })
@Index('IX_iteration_project_id_id', ['projectId', 'id'])
export class Iteration {
  @Field(() => ID, { description: 'Identifier; sorts in order of creation.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => ID, { description: 'The project it belongs to.' })
  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => String, { description: 'Name.' })
  @Column({ name: 'name', type: 'varchar', length: 255 })
  name: string;

  @Field(() => IterationStatus, { description: 'Its status.' })
  @Column({ name: 'status', type: 'varchar', length: 32 })
  status: IterationStatus;

  @Column({ name: 'phase', type: 'varchar', length: 32 })
  phase: TrainingPhase;

  @Column({ name: 'fraction', type: 'double' })
  fraction: number;

  @Column({ name: 'message', type: 'text' })
  message: string;

  /** When a worker last told progress, in milliseconds since 1970: all of them together tell it once a second. */
  @Column({ name: 'progressed_at', type: 'bigint', default: 0 })
  progressedAt: number;

  @Field(() => TrainingMode, { description: 'How much computation the training may take.' })
  @Column({ name: 'mode', type: 'varchar', length: 32 })
  mode: TrainingMode;

  @Field(() => String, { description: 'The backbone whose features the model uses.' })
  @Column({ name: 'backbone', type: 'varchar', length: 32 })
  backbone: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The domain that it was trained for; null for iterations that did not record it.',
  })
  @Column({ name: 'domain_id', type: 'varchar', length: 36, nullable: true })
  domainId: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Time budget of an ADVANCED training, in minutes; null for QUICK.',
  })
  @Column({ name: 'budget_minutes', type: 'integer', nullable: true })
  budgetMinutes: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Side of the square that images are squashed to, in pixels; null for iterations that did not record it.',
  })
  @Column({ name: 'input_size', type: 'integer', nullable: true })
  inputSize: number | null;

  @Field(() => Boolean, {
    description: 'Whether the detector also looks at four overlapping parts of each image, to find small objects.',
  })
  @Column({ name: 'is_tiled', type: 'boolean', default: false })
  isTiled: boolean;

  @Column({ name: 'tag_ids', type: 'simple-json', nullable: true })
  tagIds: string[] | null;

  /** The project's content version when the training was asked for. */
  @Column({ name: 'content_version', type: 'integer' })
  contentVersion: number;

  @Field(() => Int, { description: 'Seed of every random choice of the training.' })
  @Column({ name: 'seed', type: 'integer' })
  seed: number;

  @Field(() => String, { nullable: true, description: 'SHA-256 of the images and tags that took part.' })
  @Column({ name: 'snapshot_sha256', type: 'varchar', length: 64, nullable: true })
  snapshotSha256: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'SHA-256 of the model package; the same for the same snapshot and seed.',
  })
  @Column({ name: 'model_sha256', type: 'varchar', length: 64, nullable: true })
  modelSha256: string | null;

  @Field(() => Int, { description: 'Number of images that took part.' })
  @Column({ name: 'image_count', type: 'integer' })
  imageCount: number;

  @Field(() => [String], {
    description: 'What to know before trusting the model: few images, imbalance, near-duplicates, images left out.',
  })
  @Column({ name: 'warnings', type: 'simple-json' })
  warnings: string[];

  /** Null until the first step of gradient descent. */
  @Column({ name: 'training_curve', type: 'simple-json', nullable: true })
  trainingCurve: TrainingCurvePoint[] | null;

  @Field(() => ModelComparison, {
    nullable: true,
    description: 'How an ADVANCED classifier compares with the QUICK one; null for other trainings.',
  })
  @Column({ name: 'comparison', type: 'simple-json', nullable: true })
  comparison: ModelComparison | null;

  @Field(() => String, { nullable: true, description: 'Why it failed.' })
  @Column({ name: 'error', type: 'text', nullable: true })
  error: string | null;

  @Field(() => Date, { description: 'When it was requested.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When the model was ready.' })
  @Column({ name: 'trained_at', type: 'datetime', precision: 3, nullable: true })
  trainedAt: Date | null;
}
