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

  @Field(() => ID, { description: 'The iteration that predicted.' })
  @Column({ name: 'iteration_id', type: 'varchar', length: 36 })
  iterationId: string;

  @Field(() => String, { nullable: true, description: 'The published name that was used, if any.' })
  @Column({ name: 'published_name', type: 'varchar', length: 255, nullable: true })
  publishedName: string | null;

  @Field(() => String, { nullable: true, description: 'The name of the calling application, as given in the request.' })
  @Column({ name: 'application', type: 'varchar', length: 255, nullable: true })
  application: string | null;

  @Field(() => [PredictionResult], {
    description:
      'Highest probability first. For a classifier, one result per tag; for a detector, one per object, down to a score of 0.02, so that the client can choose its threshold. ' +
      'A stored prediction keeps only as many results as fit into 65,535 bytes of JSON.',
  })
  @Column({ name: 'results', type: 'simple-json' })
  results: PredictionResult[];

  @Field(() => Float, {
    description:
      'How uncertain the model is, 0 to 1; the images most useful to label have the highest values. MULTICLASS: entropy of the probabilities as a fraction of that of a random guess. ' +
      'MULTILABEL: mean over the tags of the entropy (in bits) of having the tag or not. DETECTION: the highest entropy (in bits) among the boxes, 0 without boxes. Also 0 for stored predictions that did not record it.',
  })
  @Column({ name: 'uncertainty', type: 'double', default: 0 })
  uncertainty: number;

  @Field(() => Float, { description: 'Duration of decoding and inference in milliseconds.' })
  @Column({ name: 'duration_ms', type: 'double' })
  durationMs: number;

  @Field(() => Boolean, { description: 'Whether the image and the answer were stored.' })
  @Column({ name: 'is_stored', type: 'boolean' })
  isStored: boolean;

  @Field(() => Date, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { nullable: true, description: 'When a stored prediction is deleted.' })
  @Column({ name: 'expires_at', type: 'datetime', precision: 3, nullable: true })
  expiresAt: Date | null;
}
