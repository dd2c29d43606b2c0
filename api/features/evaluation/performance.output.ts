import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';

/** Description of the argument that every figure of a detector takes. */
export const overlapText =
  'Overlap (IoU) with a region of the same tag from which a box counts as correct, 0 to 1; applies to detectors only.';

export enum MeasuredOn {
  OUT_OF_FOLD = 'OUT_OF_FOLD',
  TEST_IMAGES = 'TEST_IMAGES',
}
registerEnumType(MeasuredOn, {
  name: 'MeasuredOn',
  description: 'Where the figures come from; never images that the measured model was trained on.',
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
    'Average precision of a detector by the rules of COCO (101 points, at most 100 boxes per tag and image) at the usual overlaps.',
})
export class AveragePrecisions {
  @Field(() => Interval, { description: 'A box counts as correct from an overlap (IoU) of 0.3.' })
  at30: Interval;

  @Field(() => Interval, { description: 'From an overlap of 0.5.' })
  at50: Interval;

  @Field(() => Interval, { description: 'From an overlap of 0.75.' })
  at75: Interval;

  @Field(() => Interval, { description: 'Mean over the overlaps 0.5, 0.55 … 0.95.' })
  at50To95: Interval;
}

@ObjectType({ description: 'A tag as a model knew it when it was trained.' })
export class TrainedTag {
  @Field(() => ID, { description: 'Identifier of the tag.' })
  id: string;

  @Field(() => String, { description: 'Its name at that time.' })
  name: string;
}

@ObjectType({ description: 'The figures of one tag.' })
export class TagPerformance {
  @Field(() => TrainedTag, { description: 'The tag.' })
  tag: TrainedTag;

  @Field(() => Interval, {
    description:
      'Share of the images predicted to have the tag that do have it; for a detector, share of the boxes found that are correct.',
  })
  precision: Interval;

  @Field(() => Interval, {
    description:
      'Share of the images with the tag that were predicted to have it; for a detector, share of its regions that were found.',
  })
  recall: Interval;

  @Field(() => Interval, {
    description:
      'Area under the precision-recall curve of the tag, independent of the probability threshold; for a detector, at the overlap threshold.',
  })
  averagePrecision: Interval;

  @Field(() => AveragePrecisions, {
    nullable: true,
    description: 'Average precision at the usual overlaps; null for classifiers.',
  })
  averagePrecisionAt: AveragePrecisions | null;

  @Field(() => Int, { description: 'Number of images with the tag that the figures are based on.' })
  imageCount: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Number of regions with the tag in the measured images; null for classifiers.',
  })
  regionCount: number | null;
}

@ObjectType({ description: 'How good a model is, measured on images that it was not trained on.' })
export class Performance {
  @Field(() => Float, { description: 'Probability from which a tag counts as predicted.' })
  threshold: number;

  @Field(() => Float, {
    nullable: true,
    description:
      'Overlap (IoU) with a region of the same tag from which a box counts as correct; null for classifiers.',
  })
  overlapThreshold: number | null;

  @Field(() => MeasuredOn, { description: 'Which images the model was measured on.' })
  measuredOn: MeasuredOn;

  @Field(() => Int, { description: 'Number of images measured.' })
  imageCount: number;

  @Field(() => Int, { nullable: true, description: 'Number of regions in the measured images; null for classifiers.' })
  regionCount: number | null;

  @Field(() => Interval, { description: 'Over all tags (micro-averaged).' })
  precision: Interval;

  @Field(() => Interval, { description: 'Over all tags (micro-averaged).' })
  recall: Interval;

  @Field(() => Interval, { description: 'Mean over the tags; for a detector, at the overlap threshold.' })
  averagePrecision: Interval;

  @Field(() => AveragePrecisions, {
    nullable: true,
    description: 'mAP: mean over the tags of their average precision at the usual overlaps; null for classifiers.',
  })
  meanAveragePrecision: AveragePrecisions | null;

  @Field(() => Float, {
    description:
      'Share of images whose most probable tag is correct (MULTICLASS), whose tags are all correct (MULTILABEL), or in which a detector made no mistake.',
  })
  accuracy: number;

  @Field(() => Float, {
    description:
      'Expected calibration error in 15 bins: how far predicted probabilities (for a detector, those of all its boxes) are from observed frequencies.',
  })
  expectedCalibrationError: number;

  @Field(() => Float, {
    description: 'Mean negative log-likelihood (natural logarithm); for a detector, of each box being correct or not.',
  })
  logLoss: number;

  @Field(() => [TagPerformance], { description: 'Tag by tag.' })
  perTag: TagPerformance[];
}

@ObjectType({ description: 'Which tags are mistaken for which.' })
export class ConfusionMatrix {
  @Field(() => [TrainedTag], { description: 'The tags, in the order of rows and columns.' })
  tags: TrainedTag[];

  @Field(() => [[Int]], {
    description:
      'rows[i][j]: number of images with tag i that were predicted as tag j. The last column counts images with no tag at the threshold. For a detector, boxes are counted instead: the last column has the regions that were not found, and an additional last row the boxes found where there is no region.',
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
