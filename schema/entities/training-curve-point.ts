import { Field, Float, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'How far a training by gradient descent was after a step.' })
export class TrainingCurvePoint {
  @Field(() => Int, {
    description: 'Which of the trainings of the iteration, from 0: some are only judged, the last makes the model.',
  })
  part: number;

  @Field(() => Int, { description: 'Steps done.' })
  step: number;

  @Field(() => Int, { description: 'Steps of the whole part, as it was planned by then.' })
  steps: number;

  @Field(() => Float, { description: 'Loss of the step.' })
  loss: number;

  @Field(() => Float, { description: 'Learning rate of the step.' })
  learningRate: number;

  @Field(() => Float, {
    nullable: true,
    description:
      'At the end of a part that is evaluated: accuracy of a classifier, or mean average precision of a detector at an overlap of 0.5, on images held out of the part.',
  })
  heldOut: number | null;
}
