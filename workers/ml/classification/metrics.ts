import { averagePrecisionIntervals, rankings } from '../average-precision.ts';
import { calibrationError } from '../calibration-error.ts';
import type { ClassificationType } from './head-loss.ts';
import { mean, wilson, type Interval } from '../intervals.ts';

export type { Interval } from '../intervals.ts';
export { precisionRecallCurve, type CurvePoint } from '../average-precision.ts';

/** Predictions with their truth. Pictures without finite probabilities (never held out) are passed over. */
export interface EvaluationInput {
  /** [n * tagCount]. */
  probabilities: Float32Array;
  /** Tag indexes of each of the n pictures. */
  targets: number[][];
  tagCount: number;
  kind: ClassificationType;
  /** From this probability on, a tag counts as predicted (multi-class: only the most probable tag). */
  threshold: number;
}

/** The figures of one tag; intervals cover 95 %. */
export interface TagMetrics {
  precision: Interval;
  recall: Interval;
  averagePrecision: Interval;
  /** Pictures that have the tag. */
  imageCount: number;
}

/** All figures; precision and recall over all tags are micro-averaged, average precision is the mean over the tags. */
export interface Metrics {
  precision: Interval;
  recall: Interval;
  averagePrecision: Interval;
  perTag: TagMetrics[];
  /** Mean difference of confidence and accuracy in 15 bins: of the top tag (multi-class) or of every tag. */
  expectedCalibrationError: number;
  /** Natural logarithm; per picture (multi-class) or per picture and tag. */
  logLoss: number;
  /** Share of pictures whose top tag is right (multi-class) or whose tags at the threshold are all right. */
  accuracy: number;
}

interface Counts {
  truePositive: number;
  predicted: number;
  actual: number;
}

/** Whether every tag of an image is right, image by image; those without probabilities are left out. */
export function rightImages(input: EvaluationInput): boolean[] {
  const data = finiteRows(input);
  return predictedOf(data).map((predicted, i) => isRight(data, i, predicted));
}

/** The accuracy; 0 without images. */
export const shareRight = (right: readonly boolean[]): number =>
  right.length ? right.filter(Boolean).length / right.length : 0;

/** Computes every figure from stored predictions. */
export function evaluate(input: EvaluationInput): Metrics {
  const data = finiteRows(input);
  const counts = Array.from({ length: data.tagCount }, () => ({ truePositive: 0, predicted: 0, actual: 0 }));
  const total: Counts = { truePositive: 0, predicted: 0, actual: 0 };
  const predicted = predictedOf(data);
  data.targets.forEach((targets, i) => tally(counts, total, predicted[i] ?? [], targets));
  const { overall, perTag } = averagePrecisionOf(data);
  return {
    ...precisionAndRecall(total),
    averagePrecision: overall,
    perTag: counts.map((own, k) => ({
      ...precisionAndRecall(own),
      averagePrecision: perTag[k] ?? { value: 0, low: 0, high: 1 },
      imageCount: own.actual,
    })),
    expectedCalibrationError: expectedCalibrationError(data),
    logLoss: logLoss(data),
    accuracy: shareRight(predicted.map((own, i) => isRight(data, i, own))),
  };
}

/** By the predictions: the intervals take seconds for many pictures, and do not depend on the threshold. */
const knownAveragePrecision = new WeakMap<Float32Array, ReturnType<typeof averagePrecisionIntervals>>();

function averagePrecisionOf(data: EvaluationInput): ReturnType<typeof averagePrecisionIntervals> {
  const known = knownAveragePrecision.get(data.probabilities);
  if (known) return known;
  const intervals = averagePrecisionIntervals(rankings(data), data.targets.length);
  knownAveragePrecision.set(data.probabilities, intervals);
  return intervals;
}

/**
 * How often a picture with tag [row] was predicted as tag [column]; the extra last column counts pictures for which no
 * tag reached the threshold. Multi-label: for each true tag, the predicted tags that are wrong and, on the diagonal, right.
 */
export function confusionMatrix(input: EvaluationInput): number[][] {
  const data = finiteRows(input);
  const matrix = Array.from({ length: data.tagCount }, () => new Array<number>(data.tagCount + 1).fill(0));
  data.targets.forEach((targets, i) => {
    const predicted = predictedTags(rowOf(data, i), data.kind, data.threshold);
    for (const actual of targets) {
      const row = matrix[actual];
      if (!row) continue;
      // A tag that the picture really has is no confusion with another of its tags.
      const columns = predicted.filter((tag) => tag === actual || !targets.includes(tag));
      for (const column of columns.length ? columns : [data.tagCount]) row[column] = (row[column] ?? 0) + 1;
    }
  });
  return matrix;
}

const predictedOf = (data: EvaluationInput): number[][] =>
  data.targets.map((_, i) => predictedTags(rowOf(data, i), data.kind, data.threshold));

/** Tags that count as predicted at a threshold. */
export function predictedTags(row: Float32Array, kind: ClassificationType, threshold: number): number[] {
  if (kind === 'MULTICLASS') {
    const top = topTag(row);
    return (row[top] ?? 0) >= threshold ? [top] : [];
  }
  const tags: number[] = [];
  row.forEach((p, k) => {
    if (p >= threshold) tags.push(k);
  });
  return tags;
}

/** The most probable tag; the first of equals. */
function topTag(row: Float32Array): number {
  let top = 0;
  row.forEach((p, k) => {
    if (p > (row[top] ?? 0)) top = k;
  });
  return top;
}

function rowOf(data: EvaluationInput, image: number): Float32Array {
  return data.probabilities.subarray(image * data.tagCount, (image + 1) * data.tagCount);
}

function finiteRows(input: EvaluationInput): EvaluationInput {
  const kept: number[] = [];
  input.targets.forEach((_, i) => {
    if (rowOf(input, i).every(Number.isFinite)) kept.push(i);
  });
  if (kept.length === input.targets.length) return input;
  const probabilities = new Float32Array(kept.length * input.tagCount);
  kept.forEach((image, i) => probabilities.set(rowOf(input, image), i * input.tagCount));
  return { ...input, probabilities, targets: kept.map((image) => input.targets[image] ?? []) };
}

function tally(counts: Counts[], total: Counts, predicted: number[], targets: number[]): void {
  const each = (tag: number, field: keyof Counts): void => {
    const own = counts[tag];
    if (own) own[field]++;
    total[field]++;
  };
  for (const tag of predicted) {
    each(tag, 'predicted');
    if (targets.includes(tag)) each(tag, 'truePositive');
  }
  for (const tag of targets) each(tag, 'actual');
}

function precisionAndRecall(counts: Counts): { precision: Interval; recall: Interval } {
  return {
    precision: wilson(counts.truePositive, counts.predicted),
    recall: wilson(counts.truePositive, counts.actual),
  };
}

function isRight(data: EvaluationInput, image: number, predicted: number[]): boolean {
  const targets = data.targets[image] ?? [];
  if (data.kind === 'MULTICLASS') return targets.includes(topTag(rowOf(data, image)));
  return predicted.length === targets.length && predicted.every((tag) => targets.includes(tag));
}

/** Mean difference of confidence and accuracy; see `Metrics`. */
export function expectedCalibrationError(data: EvaluationInput): number {
  return calibrationError((add) => {
    data.targets.forEach((targets, i) => {
      const row = rowOf(data, i);
      const top = topTag(row);
      if (data.kind === 'MULTICLASS') add(row[top] ?? 0, targets.includes(top));
      else row.forEach((p, k) => add(p, targets.includes(k)));
    });
  });
}

/** Mean of -ln of the probability that the truth got: by image, or by image and tag when an image may have several tags. */
function logLoss(data: EvaluationInput): number {
  return mean(logLosses(data));
}

/** The same of each image; of a multi-class set without those that have no tag. */
export function logLosses(data: EvaluationInput): number[] {
  return data.targets.flatMap((targets, i) => {
    const row = rowOf(data, i);
    if (data.kind === 'MULTILABEL') return [mean(Array.from(row, (p, k) => lossOf(targets.includes(k) ? p : 1 - p)))];
    return targets.length ? [lossOf(row[targets[0] ?? 0] ?? 0)] : [];
  });
}

const lossOf = (p: number): number => -Math.log(Math.max(p, 1e-7));
