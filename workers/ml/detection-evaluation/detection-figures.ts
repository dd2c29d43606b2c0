import { curveOf, type CurvePoint } from '../average-precision.ts';
import { calibrationError } from '../calibration-error.ts';
import type { Interval } from '../intervals.ts';
import { precisionAndRecall, type PrecisionAndRecall } from './counts.ts';
import type { JudgedPicture } from './evaluation-file.ts';
import { averagePrecisionFigures, cocoOverlaps, type PrecisionIntervals } from './interpolated-precision.ts';
import { compareBoxes, type DetectionThresholds } from './mistakes.ts';
import { rankDetections, type RankedDetections } from './ranked-detections.ts';

/** Detections of pictures that the detector had not seen. */
export interface DetectionInput {
  pictures: JudgedPicture[];
  tagCount: number;
}

/** Average precision by COCO's rules at the overlaps that people compare detectors at. */
export type AveragePrecisions = Record<'at30' | 'at50' | 'at75' | 'at50To95', Interval>;

export interface TagDetectionMetrics extends PrecisionAndRecall {
  /** At the overlap threshold asked for. */
  averagePrecision: Interval;
  averagePrecisions: AveragePrecisions;
  /** Pictures that have the tag. */
  imageCount: number;
  /** True boxes of the tag. */
  regionCount: number;
}

/** All figures; precision and recall over all tags are micro-averaged, average precisions are means over the tags. */
export interface DetectionMetrics extends PrecisionAndRecall {
  averagePrecision: Interval;
  averagePrecisions: AveragePrecisions;
  perTag: TagDetectionMetrics[];
  regionCount: number;
  /** Mean difference of the probability of a detection and how often it is right, in 15 bins. */
  expectedCalibrationError: number;
  /** Natural logarithm, per detection: how probable it said that what it is (right or not) was. */
  logLoss: number;
  /** Share of pictures without any mistake. */
  accuracy: number;
}

/** COCO's overlaps come first, so that their places are known. */
const standardOverlaps = [...cocoOverlaps, 0.3];
const standardPlaces = { at30: [10], at50: [0], at75: [5], at50To95: cocoOverlaps.map((_, place) => place) };

type Standard = PrecisionIntervals<keyof AveragePrecisions>;
type AtOverlap = { overlapThreshold: number; rankings: RankedDetections[]; precisions: PrecisionIntervals<'own'> };

/** By the pictures: what does not depend on the probability threshold takes a second for many. Of overlaps, the last. */
const knownStandard = new WeakMap<JudgedPicture[], Standard>();
const knownAtOverlap = new WeakMap<JudgedPicture[], AtOverlap>();

/** Computes every figure from stored detections. */
export function evaluateDetections(input: DetectionInput, thresholds: DetectionThresholds): DetectionMetrics {
  const { pictures } = input;
  const standard = standardOf(input);
  const { rankings, precisions } = atOverlap(input, thresholds.overlapThreshold);
  const { overall, perTag } = precisionAndRecall(rankings, pictures.length, thresholds.threshold, 0);
  return {
    ...overall,
    averagePrecision: precisions.mean.own,
    averagePrecisions: standard.mean,
    perTag: rankings.map(({ truthPictures }, tag) => ({
      ...(perTag[tag] as PrecisionAndRecall),
      averagePrecision: (precisions.perTag[tag] as Record<'own', Interval>).own,
      averagePrecisions: standard.perTag[tag] as AveragePrecisions,
      imageCount: new Set(truthPictures).size,
      regionCount: truthPictures.length,
    })),
    regionCount: rankings.reduce((sum, { truthPictures }) => sum + truthPictures.length, 0),
    expectedCalibrationError: calibrationErrorOf(rankings),
    logLoss: logLossOf(rankings),
    accuracy: shareWithoutMistake(pictures, thresholds),
  };
}

/** Precision and recall of one tag at every probability that occurs, or 500 of them. */
export function detectionCurve(input: DetectionInput, tagIndex: number, overlapThreshold: number): CurvePoint[] {
  const ranking = atOverlap(input, overlapThreshold).rankings[tagIndex];
  return ranking ? curveOf(ranking.probabilities, ranking.isRight[0] ?? [], ranking.truthPictures.length) : [];
}

function standardOf({ pictures, tagCount }: DetectionInput): Standard {
  const known = knownStandard.get(pictures);
  if (known) return known;
  const rankings = rankDetections(pictures, tagCount, standardOverlaps);
  const figures = averagePrecisionFigures(rankings, pictures.length, standardPlaces);
  knownStandard.set(pictures, figures);
  return figures;
}

function atOverlap({ pictures, tagCount }: DetectionInput, overlapThreshold: number): AtOverlap {
  const known = knownAtOverlap.get(pictures);
  if (known?.overlapThreshold === overlapThreshold) return known;
  const rankings = rankDetections(pictures, tagCount, [overlapThreshold]);
  const precisions = averagePrecisionFigures(rankings, pictures.length, { own: [0] });
  const made = { overlapThreshold, rankings, precisions };
  knownAtOverlap.set(pictures, made);
  return made;
}

function calibrationErrorOf(rankings: RankedDetections[]): number {
  return calibrationError((add) => {
    for (const { probabilities, isRight } of rankings) probabilities.forEach((p, i) => add(p, isRight[0]?.[i] === 1));
  });
}

function logLossOf(rankings: RankedDetections[]): number {
  let sum = 0;
  let total = 0;
  for (const { probabilities, isRight } of rankings) {
    probabilities.forEach((p, i) => (sum -= Math.log(Math.max(isRight[0]?.[i] ? p : 1 - p, 1e-7))));
    total += probabilities.length;
  }
  return sum / Math.max(1, total);
}

function shareWithoutMistake(pictures: JudgedPicture[], thresholds: DetectionThresholds): number {
  const right = pictures.filter((picture) => compareBoxes(picture, thresholds).mistakes.length === 0);
  return pictures.length ? right.length / pictures.length : 0;
}
