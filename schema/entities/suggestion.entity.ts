import { Field, Float, ID, ObjectType } from 'type-graphql';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { PredictionResult } from './prediction-result.ts';

@ObjectType({ description: 'The tags or regions that a model suggests for an image that has no tags yet.' })
@Entity({ name: 'suggestion' })
@Index('IX_suggestion_iteration_id_uncertainty_id', ['iterationId', 'uncertainty', 'id'])
@Index('UQ_suggestion_image_id_iteration_id', ['imageId', 'iterationId'], { unique: true })
@Index('IX_suggestion_project_id', ['projectId'])
@Index('IX_suggestion_expires_at', ['expiresAt'])
export class Suggestion {
  @Field(() => ID, { description: 'Identifier.' })
  @PrimaryColumn({ name: 'id', type: 'varchar', length: 36 })
  id: string;

  @Column({ name: 'project_id', type: 'varchar', length: 36 })
  projectId: string;

  @Field(() => ID, { description: 'The iteration that made the suggestion.' })
  @Column({ name: 'iteration_id', type: 'varchar', length: 36 })
  iterationId: string;

  @Field(() => ID, { description: 'The image.' })
  @Column({ name: 'image_id', type: 'varchar', length: 36 })
  imageId: string;

  @Field(() => [PredictionResult], {
    description:
      'The same results as those of a prediction by the iteration: highest probability first, with boxes for a detector. ' +
      'A stored suggestion keeps only as many results as fit into 65,535 bytes of JSON.',
  })
  @Column({ name: 'results', type: 'simple-json' })
  results: PredictionResult[];

  @Field(() => Float, {
    description:
      'How uncertain the model is, 0 to 1, as in Prediction; images with the highest values are the most useful to label.',
  })
  @Column({ name: 'uncertainty', type: 'double' })
  uncertainty: number;

  @Field(() => Date, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Field(() => Date, { description: 'When it is deleted, unless the image is tagged or deleted earlier.' })
  @Column({ name: 'expires_at', type: 'datetime', precision: 3 })
  expiresAt: Date;
}
