import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { TrainingCurvePoint } from '../../../schema/entities/training-curve-point.ts';
import { IterationStatus, TrainingMode, TrainingPhase } from '../../../schema/enums.ts';

@InputType({ description: 'A training to start.' })
export class TrainIterationInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => String, { nullable: true, description: 'Name, 1 to 200 characters; “Iteration N” by default.' })
  name?: string | null;

  @Field(() => TrainingMode, {
    defaultValue: TrainingMode.QUICK,
    description: 'How much computation the training may take.',
  })
  mode: TrainingMode;

  @Field(() => Int, {
    nullable: true,
    description:
      'Time budget of an ADVANCED training on one machine, in minutes; 30 when omitted, at most 1440 by default ' +
      '(TAGLENS_MAX_TRAINING_MINUTES). Waiting for a worker does not count. A small budget shortens the schedule, with limits: ' +
      'a detector always takes at least as many steps as a QUICK one, each part of a classifier at least half of its share, ' +
      'and rendering the views of many images is not cut short.',
  })
  budgetMinutes?: number | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'For detecting small objects: the detector also looks at four overlapping parts of each image, which makes a prediction take five times as much computation.',
  })
  isTiled: boolean;

  @Field(() => Int, {
    nullable: true,
    description:
      'Side of the square that a detector looks at, in pixels: a multiple of 32 from 320 to 640, by default that of the project’s domain. ' +
      'A larger one finds smaller objects; training and predictions take longer as its square grows.',
  })
  inputSize?: number | null;

  @Field(() => [ID], { nullable: true, description: 'The tags to train on; all by default.' })
  tagIds?: string[] | null;

  @Field(() => Int, {
    defaultValue: 1,
    description: 'Seed of every random choice; the same seed gives the same model.',
  })
  seed: number;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether to train even if nothing has changed since the last training.',
  })
  force: boolean;
}

@InputType({ description: 'A new name for an iteration.' })
export class RenameIterationInput {
  @Field(() => ID, { description: 'The iteration.' })
  id: string;

  @Field(() => String, { description: 'Name, 1 to 200 characters.' })
  name: string;
}

@ObjectType({ description: 'Progress of a training.' })
export class TrainingProgress {
  @Field(() => TrainingPhase, { description: 'The step that is running.' })
  phase: TrainingPhase;

  @Field(() => Float, { description: 'Fraction of the whole training that is done, 0 to 1.' })
  fraction: number;

  @Field(() => String, { description: 'Progress in words, with speed and remaining time.' })
  message: string;
}

@ObjectType({ description: 'A step in the progress of a training.' })
export class IterationProgress extends TrainingProgress {
  @Field(() => ID, { description: 'Pass it as `after` to resume from here after a lost connection.' })
  eventId: string;

  @Field(() => IterationStatus, { description: 'Status of the iteration at this step.' })
  status: IterationStatus;

  @Field(() => TrainingCurvePoint, {
    nullable: true,
    description: 'The step of gradient descent that was reached; null outside the phase TRAINING.',
  })
  point: TrainingCurvePoint | null;

  @Field(() => Iteration, { description: 'The iteration as it is now.' })
  iteration: Iteration;
}
