import { percentileInterval, type Interval } from '../intervals.ts';
import { forEachResample, resampleCount } from '../bootstrap.ts';
import type { RankedDetections } from './ranked-detections.ts';

/** COCO's: .5, .55 … .95, with the same rounding. */
export const cocoOverlaps: readonly number[] = Array.from({ length: 10 }, (_, i) => 0.5 + i * ((0.95 - 0.5) / 9));

/** Recalls at which COCO reads the precision: 0, .01 … 1. */
const recallPoints = 101;

/** Average precision of every tag at every overlap threshold; undefined for a tag that no picture has. */
export type PrecisionTable = (number[] | undefined)[];

export function averagePrecisions(rankings: RankedDetections[], weight?: Uint16Array): PrecisionTable {
  return rankings.map((ranking) => {
    const seen = weight && runningWeights(ranking.pictures, weight);
    const truths = weight ? totalWeight(ranking.truthPictures, weight) : ranking.truthPictures.length;
    if (truths === 0) return undefined;
    return ranking.isRight.map((isRight) => interpolated(stepsOf(ranking, isRight, weight, seen), truths));
  });
}

/** Precision and hits where recall grows; elsewhere the curve has no point that counts. */
interface Steps {
  precisions: number[];
  hits: number[];
}

function stepsOf(
  { pictures }: RankedDetections,
  isRight: Uint8Array,
  weight: Uint16Array | undefined,
  seen: Float64Array | undefined,
): Steps {
  const steps: Steps = { precisions: [], hits: [] };
  let hits = 0;
  for (let i = isRight.indexOf(1); i >= 0; i = isRight.indexOf(1, i + 1)) {
    const own = weight ? (weight[pictures[i] as number] as number) : 1;
    if (own === 0) continue;
    hits += own;
    steps.hits.push(hits);
    steps.precisions.push(hits / (seen ? (seen[i] as number) : i + 1));
  }
  return steps;
}

/** As numpy spaces them, which rounds some of them (.57, .7, .94) up: a recall of 7 in 10 does not reach the 70th point. */
function recallAt(point: number): number {
  const last = recallPoints - 1;
  return point === last ? 1 : point * (1 / last);
}

/** Mean over the recall points of the best precision at that recall or a higher one. */
function interpolated({ precisions, hits }: Steps, truths: number): number {
  for (let i = precisions.length - 2; i >= 0; i--) {
    precisions[i] = Math.max(precisions[i] as number, precisions[i + 1] as number);
  }
  let sum = 0;
  let step = 0;
  for (let point = 0; point < recallPoints; point++) {
    const recall = recallAt(point);
    while (step < hits.length && (hits[step] as number) / truths < recall) step++;
    sum += precisions[step] ?? 0;
  }
  return sum / recallPoints;
}

function runningWeights(pictures: Int32Array, weight: Uint16Array): Float64Array {
  const sums = new Float64Array(pictures.length);
  let sum = 0;
  // A plain loop: `from` takes twenty times as long, and this is most of the work.
  for (let i = 0; i < pictures.length; i++) sums[i] = sum += weight[pictures[i] as number] as number;
  return sums;
}

function totalWeight(pictures: Int32Array, weight: Uint16Array): number {
  return pictures.reduce((sum, picture) => sum + (weight[picture] as number), 0);
}

/** Which overlap thresholds, by their places, a figure is the mean of. */
export type Places<Figure extends string> = Record<Figure, readonly number[]>;

export interface PrecisionIntervals<Figure extends string> {
  /** Mean over the tags that pictures have. */
  mean: Record<Figure, Interval>;
  perTag: Record<Figure, Interval>[];
}

/** Average precisions with bootstrap intervals over pictures. */
export function averagePrecisionFigures<Figure extends string>(
  rankings: RankedDetections[],
  pictureCount: number,
  figures: Places<Figure>,
): PrecisionIntervals<Figure> {
  const names = Object.keys(figures) as Figure[];
  const resampled: PrecisionTable[] = [];
  forEachResample(pictureCount, resampleCount(stepsOfOnePass(rankings)), (weight) => {
    resampled.push(averagePrecisions(rankings, weight));
  });
  const plain = averagePrecisions(rankings);
  const interval = (value: (table: PrecisionTable) => number | undefined): Interval => {
    const own = value(plain);
    // A tag that was not drawn has no value in this resample.
    return own === undefined ? { value: 0, low: 0, high: 1 } : percentileInterval(own, known(resampled.map(value)));
  };
  const named = (value: (table: PrecisionTable, name: Figure) => number | undefined): Record<Figure, Interval> =>
    Object.fromEntries(names.map((name) => [name, interval((table) => value(table, name))])) as Record<
      Figure,
      Interval
    >;
  const ofTag = (table: PrecisionTable, name: Figure, tag: number): number | undefined => {
    const own = table[tag];
    return own && mean(figures[name].map((place) => own[place] ?? 0));
  };
  return {
    mean: named((table, name) => mean(known(table.map((_, tag) => ofTag(table, name, tag))))),
    perTag: rankings.map((_, tag) => named((table, name) => ofTag(table, name, tag))),
  };
}

/** Every detection is weighed once and every hit at most looked at twice for each overlap threshold. */
function stepsOfOnePass(rankings: RankedDetections[]): number {
  return rankings.reduce(
    (sum, { pictures, truthPictures, isRight }) =>
      sum + pictures.length + isRight.length * (2 * truthPictures.length + recallPoints),
    0,
  );
}

function known(values: (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

function mean(values: number[]): number | undefined {
  return values.length ? values.reduce((a, b) => a + b, 0) / values.length : undefined;
}
