import { Field, Float, Int, ObjectType } from 'type-graphql';
import { TrainingMode } from '../enums.ts';

@ObjectType({ description: 'How a classifier did on images that it was not trained on.' })
export class ComparedFigures {
  @Field(() => Float, { description: 'Share of images that it tagged correctly, 0 to 1.' })
  accuracy: number;

  @Field(() => Float, { description: 'Mean log-loss per image; lower is better.' })
  logLoss: number;
}

@ObjectType({
  description:
    'The two classifiers of an ADVANCED training, compared on the same images, which neither was trained on.',
})
export class ModelComparison {
  @Field(() => Int, { description: 'Number of images that both were evaluated on.' })
  imageCount: number;

  @Field(() => ComparedFigures, { description: 'The classifier on frozen features.' })
  quick: ComparedFigures;

  @Field(() => ComparedFigures, { description: 'The classifier whose backbone learned as well.' })
  advanced: ComparedFigures;

  @Field(() => TrainingMode, {
    description:
      'Which of them the iteration keeps: the one with clearly more images correct, otherwise ADVANCED unless its log-loss is higher by more than one standard error of the difference.',
  })
  kept: TrainingMode;
}
