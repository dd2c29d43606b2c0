import { Field, Float, ID, Int, ObjectType, registerEnumType, InputType, ArgsType } from 'type-graphql';
import { connectionOf, PageArgs } from '../../connection.ts';

export enum MeasuredOn {
  OUT_OF_FOLD = 'OUT_OF_FOLD',
  TEST_IMAGES = 'TEST_IMAGES',
}
registerEnumType(MeasuredOn, {
  name: 'MeasuredOn',
  description: 'Where the figures come from; never from images that the measured model had seen.',
  valuesConfig: {
    OUT_OF_FOLD: { description: 'Cross-validation: each image was judged by a model trained without it.' },
    TEST_IMAGES: { description: 'The images marked as test images.' },
  },
});

@ObjectType({ description: 'A figure with its 95 % interval.' })
export class Interval {
  @Field(() => Float, { description: 'The figure, 0 to 1.' })
  value: number;

  @Field(() => Float, { description: 'Lower end of the interval.' })
  low: number;

  @Field(() => Float, { description: 'Upper end of the interval.' })
  high: number;
}

@ObjectType({ description: 'A tag as a model knew it when it was trained.' })
export class TrainedTag {
  @Field(() => ID, { description: 'Identifier of the tag.' })
  id: string;

  @Field(() => String, { description: 'Its name at the time.' })
  name: string;
}

@ObjectType({ description: 'The figures of one tag.' })
export class TagPerformance {
  @Field(() => TrainedTag, { description: 'The tag.' })
  tag: TrainedTag;

  @Field(() => Interval, { description: 'Share of the images predicted to have it that have it.' })
  precision: Interval;

  @Field(() => Interval, { description: 'Share of the images that have it that were predicted to.' })
  recall: Interval;

  @Field(() => Interval, { description: 'Area under its precision-recall curve; does not depend on the threshold.' })
  averagePrecision: Interval;

  @Field(() => Int, { description: 'Images with the tag that stand behind the figures.' })
  imageCount: number;
}

@ObjectType({ description: 'How good a model is, measured on images that it had not seen.' })
export class Performance {
  @Field(() => Float, { description: 'From this probability on a tag counts as predicted.' })
  threshold: number;

  @Field(() => MeasuredOn, { description: 'Which images were measured on.' })
  measuredOn: MeasuredOn;

  @Field(() => Int, { description: 'How many they are.' })
  imageCount: number;

  @Field(() => Interval, { description: 'Over all tags (micro-averaged).' })
  precision: Interval;

  @Field(() => Interval, { description: 'Over all tags (micro-averaged).' })
  recall: Interval;

  @Field(() => Interval, { description: 'Mean over the tags.' })
  averagePrecision: Interval;

  @Field(() => Float, {
    description:
      'Share of images whose most probable tag is right (MULTICLASS) or whose tags are all right (MULTILABEL).',
  })
  accuracy: number;

  @Field(() => Float, {
    description: 'Expected calibration error in 15 bins: how far probabilities are from frequencies.',
  })
  expectedCalibrationError: number;

  @Field(() => Float, { description: 'Mean negative log-likelihood, natural logarithm.' })
  logLoss: number;

  @Field(() => [TagPerformance], { description: 'Tag by tag.' })
  perTag: TagPerformance[];
}

@ObjectType({ description: 'Which tags are taken for which.' })
export class ConfusionMatrix {
  @Field(() => [TrainedTag], { description: 'The tags, in the order of rows and columns.' })
  tags: TrainedTag[];

  @Field(() => [[Int]], {
    description:
      'rows[i][j]: images with tag i that were predicted as tag j. The last column counts those with no tag at the threshold.',
  })
  rows: number[][];
}

@ObjectType({ description: 'A point of a precision-recall curve.' })
export class CurvePoint {
  @Field(() => Float, { description: 'Probability threshold.' })
  threshold: number;

  @Field(() => Float, { description: 'Precision at this threshold.' })
  precision: number;

  @Field(() => Float, { description: 'Recall at this threshold.' })
  recall: number;
}

@ObjectType({ description: 'What a model says of one tag of an image that it had not seen.' })
export class TagProbability {
  @Field(() => TrainedTag, { description: 'The tag.' })
  tag: TrainedTag;

  @Field(() => Float, { description: 'Calibrated probability.' })
  probability: number;
}

@ObjectType({ description: 'What a model says of an image that it had not seen, beside the truth.' })
export class ImageResult {
  @Field(() => ID, { description: 'Identifier of the image, which may have been deleted since.' })
  imageId: string;

  @Field(() => Boolean, { description: 'Whether the prediction at the threshold is right.' })
  isRight: boolean;

  @Field(() => [TrainedTag], { description: 'The tags it had when the model was trained.' })
  actualTags: TrainedTag[];

  @Field(() => [TrainedTag], { description: 'The tags predicted at the threshold.' })
  predictedTags: TrainedTag[];

  @Field(() => [TagProbability], { description: 'Highest probability first, at most ten.' })
  probabilities: TagProbability[];
}

export const ImageResultConnection = connectionOf(ImageResult, 'ImageResult');

@InputType({ description: 'Which images of an evaluation; conditions that are left out do not restrict.' })
export class ImageResultFilterInput {
  @Field(() => Boolean, { nullable: true, description: 'Only right ones, or only wrong ones.' })
  isRight?: boolean | null;

  @Field(() => ID, { nullable: true, description: 'A tag that they have.' })
  actualTagId?: string | null;

  @Field(() => ID, { nullable: true, description: 'A tag that is predicted at the threshold.' })
  predictedTagId?: string | null;
}

@ArgsType()
export class ImageResultArgs extends PageArgs {
  @Field(() => Float, { defaultValue: 0.5, description: 'From this probability on a tag counts as predicted.' })
  threshold: number;

  @Field(() => ImageResultFilterInput, { nullable: true, description: 'Which images.' })
  filter?: ImageResultFilterInput | null;
}
