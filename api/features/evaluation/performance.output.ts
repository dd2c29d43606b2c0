import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';

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
    TEST_IMAGES: {
      description:
        'The images marked as test images, which are never trained on. A detector is calibrated on them too; an ADVANCED ' +
        'classifier is compared with the quick one on them alone when there are 20 or more.',
    },
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
