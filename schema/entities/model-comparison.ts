import { Field, Float, Int, ObjectType } from 'type-graphql';
import { TrainingMode } from '../enums.ts';

@ObjectType({ description: 'What a classifier said of images that it had not seen.' })
export class ComparedFigures {
  @Field(() => Float, { description: 'Share of images that it gave the right tags, 0 to 1.' })
  accuracy: number;

  @Field(() => Float, { description: 'Mean log-loss of an image; lower is better.' })
  logLoss: number;
}

@ObjectType({ description: 'The two classifiers of an ADVANCED training, on the same images, which neither had seen.' })
export class ModelComparison {
  @Field(() => Int, { description: 'Images that both were judged on.' })
  imageCount: number;

  @Field(() => ComparedFigures, { description: 'The head on frozen features.' })
  quick: ComparedFigures;

  @Field(() => ComparedFigures, { description: 'The classifier whose backbone learned as well.' })
  advanced: ComparedFigures;

  @Field(() => TrainingMode, {
    description:
      'Which of them the iteration keeps: the one with clearly more images correct, otherwise ADVANCED unless its log-loss is higher by more than one standard error of the difference.',
  })
  kept: TrainingMode;
}
