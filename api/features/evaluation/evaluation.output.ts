import { Field, Float, ID, Int, ObjectType, registerEnumType, InputType, ArgsType } from 'type-graphql';
import { Box } from '../../../schema/entities/prediction-result.ts';
import { connectionOf, PageArgs } from '../../connection.ts';

/** Of the argument that every figure of a detector takes. */
export const overlapText =
  'From this overlap (IoU) with a region of its tag on a box is right, 0 to 1; for detectors, without effect on classifiers.';

export enum MeasuredOn {
  OUT_OF_FOLD = 'OUT_OF_FOLD',
  TEST_IMAGES = 'TEST_IMAGES',
}
registerEnumType(MeasuredOn, {
  name: 'MeasuredOn',
  description: 'Where the figures come from; never from images that the measured model had seen.',
  valuesConfig: {
    OUT_OF_FOLD: { description: 'Images held out of trainings: each was judged by a model trained without it.' },
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

@ObjectType({
  description:
    'Average precision of a detector by the rules of COCO (101 points, at most 100 boxes of a tag an image) at usual overlaps.',
})
export class AveragePrecisions {
  @Field(() => Interval, { description: 'A box is right from an overlap (IoU) of .3 on.' })
  at30: Interval;

  @Field(() => Interval, { description: 'From .5 on.' })
  at50: Interval;

  @Field(() => Interval, { description: 'From .75 on.' })
  at75: Interval;

  @Field(() => Interval, { description: 'Mean over the overlaps .5, .55 … .95.' })
  at50To95: Interval;
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

  @Field(() => Interval, {
    description:
      'Share of the images predicted to have it that have it; of a detector: of the boxes found that are right.',
  })
  precision: Interval;

  @Field(() => Interval, {
    description:
      'Share of the images that have it that were predicted to; of a detector: of its regions that were found.',
  })
  recall: Interval;

  @Field(() => Interval, {
    description:
      'Area under its precision-recall curve; does not depend on the threshold. Of a detector: at the overlap threshold.',
  })
  averagePrecision: Interval;

  @Field(() => AveragePrecisions, { nullable: true, description: 'At usual overlaps; null for classifiers.' })
  averagePrecisionAt: AveragePrecisions | null;

  @Field(() => Int, { description: 'Images with the tag that stand behind the figures.' })
  imageCount: number;

  @Field(() => Int, { nullable: true, description: 'Regions with the tag in them; null for classifiers.' })
  regionCount: number | null;
}

@ObjectType({ description: 'How good a model is, measured on images that it had not seen.' })
export class Performance {
  @Field(() => Float, { description: 'From this probability on a tag counts as predicted.' })
  threshold: number;

  @Field(() => Float, {
    nullable: true,
    description: 'From this overlap (IoU) with a region of its tag on a box is right; null for classifiers.',
  })
  overlapThreshold: number | null;

  @Field(() => MeasuredOn, { description: 'Which images were measured on.' })
  measuredOn: MeasuredOn;

  @Field(() => Int, { description: 'How many they are.' })
  imageCount: number;

  @Field(() => Int, { nullable: true, description: 'How many regions are in them; null for classifiers.' })
  regionCount: number | null;

  @Field(() => Interval, { description: 'Over all tags (micro-averaged).' })
  precision: Interval;

  @Field(() => Interval, { description: 'Over all tags (micro-averaged).' })
  recall: Interval;

  @Field(() => Interval, { description: 'Mean over the tags; of a detector: at the overlap threshold.' })
  averagePrecision: Interval;

  @Field(() => AveragePrecisions, {
    nullable: true,
    description: 'mAP: mean over the tags of their average precision at usual overlaps; null for classifiers.',
  })
  meanAveragePrecision: AveragePrecisions | null;

  @Field(() => Float, {
    description:
      'Share of images whose most probable tag is right (MULTICLASS), whose tags are all right (MULTILABEL) or in which a detector made no mistake.',
  })
  accuracy: number;

  @Field(() => Float, {
    description:
      'Expected calibration error in 15 bins: how far probabilities (of a detector: of all its boxes) are from frequencies.',
  })
  expectedCalibrationError: number;

  @Field(() => Float, {
    description: 'Mean negative log-likelihood, natural logarithm; of a detector: of each box being right or not.',
  })
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
      'rows[i][j]: images with tag i that were predicted as tag j. The last column counts those with no tag at the threshold. Of a detector boxes are counted: the last column has regions that were not found, and a further last row boxes found where no region is.',
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

export enum MistakeKind {
  MISSED = 'MISSED',
  EXTRA = 'EXTRA',
  MISPLACED = 'MISPLACED',
  CONFUSED = 'CONFUSED',
}
registerEnumType(MistakeKind, {
  name: 'MistakeKind',
  description: 'What is wrong with a box.',
  valuesConfig: {
    MISSED: { description: 'A region where nothing was found.' },
    EXTRA: { description: 'A box where no region is, or where the region was found already.' },
    MISPLACED: { description: 'The right tag with too little overlap: at least .1, but less than the threshold.' },
    CONFUSED: { description: 'The right place with the wrong tag.' },
  },
});

@ObjectType({ description: 'A region as it was drawn when the model was trained.' })
export class ActualBox {
  @Field(() => TrainedTag, { description: 'Its tag.' })
  tag: TrainedTag;

  @Field(() => Box, { description: 'Where it is.' })
  box: Box;
}

@ObjectType({ description: 'What a detector found in an image that it had not seen.' })
export class PredictedBox extends ActualBox {
  @Field(() => Float, { description: 'Calibrated probability.' })
  probability: number;
}

@ObjectType({ description: 'A mistake of a detector at the thresholds; each box takes part in one at most.' })
export class DetectionMistake {
  @Field(() => MistakeKind, { description: 'What is wrong.' })
  kind: MistakeKind;

  @Field(() => ActualBox, { nullable: true, description: 'The region; null for EXTRA.' })
  actual: ActualBox | null;

  @Field(() => PredictedBox, { nullable: true, description: 'The box that was found; null for MISSED.' })
  predicted: PredictedBox | null;
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

  @Field(() => [TagProbability], {
    description: 'Highest probability first, at most ten; of a detector: that of the best box of each tag.',
  })
  probabilities: TagProbability[];

  @Field(() => [ActualBox], { description: 'The regions it had when the model was trained; empty for classifiers.' })
  actualBoxes: ActualBox[];

  @Field(() => [PredictedBox], {
    description: 'The boxes found at the threshold, highest probability first; empty for classifiers.',
  })
  predictedBoxes: PredictedBox[];

  @Field(() => [DetectionMistake], { description: 'What is wrong with them; empty for classifiers.' })
  mistakes: DetectionMistake[];
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

  @Field(() => MistakeKind, { nullable: true, description: 'A mistake that a detector made in them.' })
  mistake?: MistakeKind | null;
}

@ArgsType()
export class ImageResultArgs extends PageArgs {
  @Field(() => Float, { defaultValue: 0.5, description: 'From this probability on a tag counts as predicted.' })
  threshold: number;

  @Field(() => Float, { defaultValue: 0.3, description: overlapText })
  overlapThreshold: number;

  @Field(() => ImageResultFilterInput, { nullable: true, description: 'Which images.' })
  filter?: ImageResultFilterInput | null;
}
