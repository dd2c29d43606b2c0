import { percentileInterval, type Interval } from './intervals.ts';
import { seededRandom } from './random.ts';

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
export function averagePrecision(ranking: Ranking, weight?: Uint16Array): number | undefined {
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
  const random = seededRandom(1);
  for (let r = resampleCount(imageCount, all.length); r > 0; r--) {
    const weight = new Uint16Array(imageCount);
    for (let i = 0; i < imageCount; i++) {
      const drawn = Math.floor(random() * imageCount);
      weight[drawn] = (weight[drawn] as number) + 1;
    }
    const values = all.map((ranking) => averagePrecision(ranking, weight));
    // A tag that was not drawn has no value in this resample.
    values.forEach((value, k) => value !== undefined && perTag[k]?.push(value));
    means.push(mean(values));
  }
  const plain = all.map((ranking) => averagePrecision(ranking));
  return {
    overall: imageCount ? percentileInterval(mean(plain), means) : { value: 0, low: 0, high: 1 },
    perTag: plain.map((value, k) =>
      value === undefined ? { value: 0, low: 0, high: 1 } : percentileInterval(value, perTag[k] ?? []),
    ),
  };
}

/** Fewer resamples for large sets, where intervals are narrow anyway: about a second of work at most. */
function resampleCount(images: number, tags: number): number {
  return Math.max(20, Math.min(200, Math.floor(1e8 / Math.max(1, images * tags))));
}

function mean(values: (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.reduce((a, b) => a + b, 0) / Math.max(1, known.length);
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
  const positives = ranking.positive.reduce((a, b) => a + b, 0);
  const points: CurvePoint[] = [];
  let hits = 0;
  ranking.positive.forEach((hit, i) => {
    hits += hit;
    const threshold = ranking.probabilities[i] ?? 0;
    if (ranking.probabilities[i + 1] === threshold) return;
    points.push({ threshold, precision: hits / (i + 1), recall: positives ? hits / positives : 0 });
  });
  return thinned(points);
}

const mostPoints = 500;

/** More points than pixels help nobody; both ends stay. */
function thinned(points: CurvePoint[]): CurvePoint[] {
  if (points.length <= mostPoints) return points;
  const step = (points.length - 1) / (mostPoints - 1);
  return Array.from({ length: mostPoints }, (_, i) => points[Math.round(i * step)] as CurvePoint);
}
