import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { PredictionResult } from './prediction-result.ts';

@ObjectType({ description: 'The answer of a model for one image.' })
@Entity({ name: 'prediction' })
@Index('IX_prediction_project_id_id', ['projectId', 'id'])
@Index('IX_prediction_project_id_iteration_id_id', ['projectId', 'iterationId', 'id'])
@Index('IX_prediction_project_id_published_name_id', ['projectId', 'publishedName', 'id'])
@Index('IX_prediction_project_id_uncertainty_id', ['projectId', 'uncertainty', 'id'])
@Index('IX_prediction_expires_at', ['expiresAt'])
export class Prediction {
  @Field(() => ID, { description: 'Identifier.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Field(() => ID, { description: 'The project it belongs to.' })
  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => ID, { description: 'The iteration that answered.' })
  @Column({ name: 'iteration_id', type: 'varchar', length: 36 })
  iterationId: string;

  @Field(() => String, { nullable: true, description: 'The published name that was asked, if any.' })
  @Column({ name: 'published_name', type: 'varchar', length: 255, nullable: true })
  publishedName: string | null;

  @Field(() => String, { nullable: true, description: 'Which application asked, in its own words.' })
  @Column({ name: 'application', type: 'varchar', length: 255, nullable: true })
  application: string | null;

  @Field(() => [PredictionResult], {
    description:
      'Highest probability first. Of a classifier one a tag; of a detector one an object, from a score of .02 on, so that the client chooses its threshold. ' +
      'Of a stored prediction those are missing that go beyond 65,535 bytes of JSON.',
  })
  @Column({ name: 'results', type: 'simple-json' })
  results: PredictionResult[];

  @Field(() => Float, {
    description:
      'How unsure the model is, 0 to 1; the most useful pictures to label have the highest. MULTICLASS: entropy of the probabilities as a share of that of a guess. ' +
      'MULTILABEL: mean of the entropies (in bits) of having each tag or not. DETECTION: the highest entropy (in bits) among the boxes, 0 without any. 0 also of what was stored before it was kept.',
  })
  @Column({ name: 'uncertainty', type: 'double', default: 0 })
  uncertainty: number;

  @Field(() => Float, { description: 'Time of decoding and inference in milliseconds.' })
  @Column({ name: 'duration_ms', type: 'double' })
  durationMs: number;

  @Field(() => Boolean, { description: 'Whether image and answer were kept.' })
  @Column({ name: 'is_stored', type: 'boolean' })
  isStored: boolean;

  @Field(() => Date, { description: 'When it was made.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When a stored prediction is deleted.' })
  @Column({ name: 'expires_at', type: 'datetime', precision: 3, nullable: true })
  expiresAt: Date | null;
}
