import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { TrainingCurvePoint } from '../../../schema/entities/training-curve-point.ts';
import { IterationStatus, TrainingMode, TrainingPhase } from '../../../schema/enums.ts';

@InputType({ description: 'A training to start.' })
export class TrainIterationInput {
  @Field(() => ID, { description: 'The project.' })
  projectId: string;

  @Field(() => String, { nullable: true, description: 'Name, 1 to 200 characters; «Iteration N» by default.' })
  name?: string | null;

  @Field(() => TrainingMode, { defaultValue: TrainingMode.QUICK, description: 'How much work it may cost.' })
  mode: TrainingMode;

  @Field(() => Int, {
    nullable: true,
    description:
      'Time for an ADVANCED training on one machine, in minutes; 30 by default, at most 1440 ' +
      '(TAGLENS_MAX_TRAINING_MINUTES). Waiting for a worker does not count. With little time the schedule is run through in ' +
      'fewer steps; a detector takes as many as a QUICK one in any case, each part of a classifier at least half of its ' +
      'share, and rendering the views of many images is not cut short.',
  })
  budgetMinutes?: number | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'For detectors of small objects: it also looks at four overlapping parts of each image, which makes a prediction cost five times as much.',
  })
  isTiled: boolean;

  @Field(() => [ID], { nullable: true, description: 'The tags that take part; all by default.' })
  tagIds?: string[] | null;

  @Field(() => Int, { defaultValue: 1, description: 'Seed of every random choice; the same gives the same model.' })
  seed: number;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Trains even though nothing changed since the last training.',
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

@ObjectType({ description: 'How far a training has come.' })
export class TrainingProgress {
  @Field(() => TrainingPhase, { description: 'The step that is running.' })
  phase: TrainingPhase;

  @Field(() => Float, { description: 'Share of the whole training that is done, 0 to 1.' })
  fraction: number;

  @Field(() => String, { description: 'The same in words, with speed and remaining time.' })
  message: string;
}

@ObjectType({ description: 'A step of a training, as it happened.' })
export class IterationProgress extends TrainingProgress {
  @Field(() => ID, { description: 'Give it as `after` to go on from here after a lost connection.' })
  eventId: string;

  @Field(() => IterationStatus, { description: 'How far the iteration had come.' })
  status: IterationStatus;

  @Field(() => TrainingCurvePoint, {
    nullable: true,
    description: 'The step of gradient descent that was reached, in the phase TRAINING; else null.',
  })
  point: TrainingCurvePoint | null;

  @Field(() => Iteration, { description: 'The iteration as it is now.' })
  iteration: Iteration;
}
