import { Field, Float, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'The state of a training by gradient descent after a step.' })
export class TrainingCurvePoint {
  @Field(() => Int, {
    description:
      'Which of the trainings (parts) of the iteration, from 0: earlier ones are only evaluated, the last makes the model.',
  })
  part: number;

  @Field(() => Int, { description: 'Number of steps done.' })
  step: number;

  @Field(() => Int, { description: 'Steps of the whole part, as planned at that step.' })
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
