import { ArgsType, Field, Float, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { Box } from '../../../schema/entities/prediction-result.ts';
import { connectionOf, PageArgs } from '../../connection.ts';
import { overlapText, TrainedTag } from './performance.output.ts';

@ObjectType({ description: 'The probability that a model gives one tag of an image that it was not trained on.' })
export class TagProbability {
  @Field(() => TrainedTag, { description: 'The tag.' })
  tag: TrainedTag;

  @Field(() => Float, { description: 'Calibrated probability.' })
  probability: number;
}

export enum MistakeKind {
  MISSED = 'MISSED',
  EXTRA = 'EXTRA',
  MISPLACED = 'MISPLACED',
  CONFUSED = 'CONFUSED',
}
registerEnumType(MistakeKind, {
  name: 'MistakeKind',
  description: 'What is wrong with a box or a region.',
  valuesConfig: {
    MISSED: { description: 'A region that was not found.' },
    EXTRA: {
      description:
        'A box without a region, or on a region that another box has already found. Look at the most probable ones first: many are objects that nobody marked; they count as mistakes here and teach the detector to overlook similar ones.',
    },
    MISPLACED: { description: 'The right tag with too little overlap: at least .1, but less than the threshold.' },
    CONFUSED: { description: 'The right place with the wrong tag.' },
  },
});

@ObjectType({ description: 'A region as it was when the model was trained.' })
export class ActualBox {
  @Field(() => TrainedTag, { description: 'Its tag.' })
  tag: TrainedTag;

  @Field(() => Box, { description: 'Where it is.' })
  box: Box;
}

@ObjectType({ description: 'A box that a detector found in an image that it was not trained on.' })
export class PredictedBox extends ActualBox {
  @Field(() => Float, { description: 'Calibrated probability.' })
  probability: number;
}

@ObjectType({ description: 'A mistake of a detector at the thresholds; each box is part of at most one mistake.' })
export class DetectionMistake {
  @Field(() => MistakeKind, { description: 'What is wrong.' })
  kind: MistakeKind;

  @Field(() => ActualBox, { nullable: true, description: 'The region; null for EXTRA.' })
  actual: ActualBox | null;

  @Field(() => PredictedBox, { nullable: true, description: 'The box that was found; null for MISSED.' })
  predicted: PredictedBox | null;
}

@ObjectType({
  description: 'The answer of a model for an image that it was not trained on, next to the actual tags or regions.',
})
export class ImageResult {
  @Field(() => ID, { description: 'Identifier of the image, which may have been deleted since.' })
  imageId: string;

  @Field(() => Boolean, { description: 'Whether the prediction at the threshold is correct.' })
  isRight: boolean;

  @Field(() => [TrainedTag], { description: 'The tags it had when the model was trained.' })
  actualTags: TrainedTag[];

  @Field(() => [TrainedTag], { description: 'The tags predicted at the threshold.' })
  predictedTags: TrainedTag[];

  @Field(() => [TagProbability], {
    description: 'Highest probability first, at most ten; for a detector, the probability of the best box of each tag.',
  })
  probabilities: TagProbability[];

  @Field(() => [ActualBox], { description: 'The regions it had when the model was trained; empty for classifiers.' })
  actualBoxes: ActualBox[];

  @Field(() => [PredictedBox], {
    description: 'The boxes found at the threshold, highest probability first; empty for classifiers.',
  })
  predictedBoxes: PredictedBox[];

  @Field(() => [DetectionMistake], { description: 'The mistakes at the threshold; empty for classifiers.' })
  mistakes: DetectionMistake[];
}

export const ImageResultConnection = connectionOf(ImageResult, 'ImageResult');

@InputType({ description: 'Which images of an evaluation; omitted conditions do not restrict.' })
export class ImageResultFilterInput {
  @Field(() => Boolean, { nullable: true, description: 'Only correct ones, or only wrong ones.' })
  isRight?: boolean | null;

  @Field(() => ID, { nullable: true, description: 'A tag that the images have.' })
  actualTagId?: string | null;

  @Field(() => ID, { nullable: true, description: 'A tag that is predicted for the images at the threshold.' })
  predictedTagId?: string | null;

  @Field(() => MistakeKind, { nullable: true, description: 'A kind of mistake that a detector made in the images.' })
  mistake?: MistakeKind | null;
}

@ArgsType()
export class ImageResultArgs extends PageArgs {
  @Field(() => Float, { defaultValue: 0.5, description: 'Probability from which a tag counts as predicted.' })
  threshold: number;

  @Field(() => Float, { defaultValue: 0.3, description: overlapText })
  overlapThreshold: number;

  @Field(() => ImageResultFilterInput, { nullable: true, description: 'Which images.' })
  filter?: ImageResultFilterInput | null;
}
