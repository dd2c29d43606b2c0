import { mean, percentileInterval, type Interval } from './intervals.ts';
import { forEachResample, resampleCount } from './bootstrap.ts';

/** Pictures by falling probability of one tag. */
export interface Ranking {
  order: Int32Array;
  /** In the order of `order`. */
  probabilities: Float32Array;
  /** 1 where the picture has the tag, in the order of `order`. */
  positive: Uint8Array;
}

/** One point of a precision-recall curve. */
export interface CurvePoint {
  threshold: number;
  precision: number;
  recall: number;
}

interface Predictions {
  probabilities: Float32Array;
  targets: number[][];
  tagCount: number;
}

/** Ranks the pictures once for every tag. */
export function rankings(data: Predictions): Ranking[] {
  return Array.from({ length: data.tagCount }, (_, tag) => rank(data, tag));
}

function rank({ probabilities, targets, tagCount }: Predictions, tag: number): Ranking {
  const probability = (image: number): number => probabilities[image * tagCount + tag] ?? 0;
  const order = Int32Array.from(targets, (_, i) => i).sort((a, b) => probability(b) - probability(a) || a - b);
  return {
    order,
    probabilities: Float32Array.from(order, probability),
    positive: Uint8Array.from(order, (image) => (targets[image]?.includes(tag) ? 1 : 0)),
  };
}

/**
 * Sum over the ranking of precision times gain in recall, equal probabilities taken as one step; undefined if no
 * picture has the tag.
 * @param weight how often each picture counts (by picture number)
 */
function averagePrecision(ranking: Ranking, weight?: Uint16Array): number | undefined {
  const { order, probabilities, positive } = ranking;
  let seen = 0;
  let hits = 0;
  let hitsBefore = 0;
  let sum = 0;
  for (let i = 0; i < order.length; i++) {
    const w = weight ? (weight[order[i] as number] as number) : 1;
    seen += w;
    if (positive[i]) hits += w;
    if (i + 1 < order.length && probabilities[i + 1] === probabilities[i]) continue;
    if (seen > 0) sum += (hits / seen) * (hits - hitsBefore);
    hitsBefore = hits;
  }
  return hits ? sum / hits : undefined;
}

/** Average precision of every tag and their mean, with bootstrap intervals over pictures (fixed seed). */
export function averagePrecisionIntervals(
  all: Ranking[],
  imageCount: number,
): { overall: Interval; perTag: Interval[] } {
  const perTag: number[][] = all.map(() => []);
  const means: number[] = [];
  forEachResample(imageCount, resampleCount(imageCount * all.length), (weight) => {
    const values = all.map((ranking) => averagePrecision(ranking, weight));
    // A tag that was not drawn has no value in this resample.
    values.forEach((value, k) => value !== undefined && perTag[k]?.push(value));
    means.push(meanOfKnown(values));
  });
  const plain = all.map((ranking) => averagePrecision(ranking));
  return {
    overall: imageCount ? percentileInterval(meanOfKnown(plain), means) : { value: 0, low: 0, high: 1 },
    perTag: plain.map((value, k) =>
      value === undefined ? { value: 0, low: 0, high: 1 } : percentileInterval(value, perTag[k] ?? []),
    ),
  };
}

function meanOfKnown(values: (number | undefined)[]): number {
  return mean(values.filter((value) => value !== undefined));
}

/**
 * Precision and recall of one tag at every probability that occurs (or 500 of them, evenly), from the highest threshold
 * to the lowest.
 * @param probabilities [n * tags]; the number of tags follows from the length
 */
export function precisionRecallCurve(probabilities: Float32Array, targets: number[][], tagIndex: number): CurvePoint[] {
  const tagCount = targets.length ? probabilities.length / targets.length : 0;
  const finite = targets.flatMap((_, i) => (Number.isFinite(probabilities[i * tagCount + tagIndex]) ? [i] : []));
  const ranking = rank(
    {
      probabilities: Float32Array.from(finite, (i) => probabilities[i * tagCount + tagIndex] ?? 0),
      targets: finite.map((i) => (targets[i]?.includes(tagIndex) ? [0] : [])),
      tagCount: 1,
    },
    0,
  );
  return curveOf(
    ranking.probabilities,
    ranking.positive,
    ranking.positive.reduce((a, b) => a + b, 0),
  );
}

/**
 * The curve of what is ranked from the most probable to the least.
 * @param positive 1 where the one at this place is right
 * @param positives how many there are to find
 */
export function curveOf(
  probabilities: ArrayLike<number>,
  positive: ArrayLike<number>,
  positives: number,
): CurvePoint[] {
  const points: CurvePoint[] = [];
  let hits = 0;
  for (let i = 0; i < probabilities.length; i++) {
    hits += positive[i] ?? 0;
    const threshold = probabilities[i] ?? 0;
    if (probabilities[i + 1] === threshold) continue;
    points.push({ threshold, precision: hits / (i + 1), recall: positives ? hits / positives : 0 });
  }
  return thinned(points);
}

const mostPoints = 500;

/** More points than pixels help nobody; both ends stay. */
function thinned(points: CurvePoint[]): CurvePoint[] {
  if (points.length <= mostPoints) return points;
  const step = (points.length - 1) / (mostPoints - 1);
  return Array.from({ length: mostPoints }, (_, i) => points[Math.round(i * step)] as CurvePoint);
}
