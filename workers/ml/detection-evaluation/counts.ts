import { percentileInterval, wilson, type Interval } from '../intervals.ts';
import { forEachResample, resampleCount } from '../bootstrap.ts';
import type { RankedDetections } from './ranked-detections.ts';

export interface PrecisionAndRecall {
  precision: Interval;
  recall: Interval;
}

interface Counts {
  right: number;
  predicted: number;
  actual: number;
}

/**
 * Precision and recall of every tag, and of all tags together, at a probability threshold.
 * @param place of the overlap threshold in `isRight`
 */
export function precisionAndRecall(
  rankings: RankedDetections[],
  pictureCount: number,
  threshold: number,
  place: number,
): { overall: PrecisionAndRecall; perTag: PrecisionAndRecall[] } {
  const above = rankings.map(({ probabilities }) => countAbove(probabilities, threshold));
  const boxes = rankings.reduce((sum, { truthPictures }, tag) => sum + truthPictures.length + (above[tag] ?? 0), 0);
  const count = (weight?: Uint16Array): Counts[] =>
    rankings.map((ranking, tag) => counted(ranking, above[tag] ?? 0, place, weight));
  const resampled: Counts[][] = [];
  forEachResample(pictureCount, resampleCount(boxes), (weight) => resampled.push(count(weight)));
  const plain = count();
  return {
    overall: intervals(total(plain), resampled.map(total)),
    perTag: plain.map((own, tag) =>
      intervals(
        own,
        resampled.flatMap((counts) => counts[tag] ?? []),
      ),
    ),
  };
}

/** They run from the most probable down. */
function countAbove(probabilities: Float64Array, threshold: number): number {
  const first = probabilities.findIndex((probability) => probability < threshold);
  return first < 0 ? probabilities.length : first;
}

function counted(
  { pictures, isRight, truthPictures }: RankedDetections,
  above: number,
  place: number,
  weight: Uint16Array | undefined,
): Counts {
  const weightOf = (picture: number): number => (weight ? (weight[picture] as number) : 1);
  const counts: Counts = { right: 0, predicted: 0, actual: 0 };
  for (let i = 0; i < above; i++) {
    const own = weightOf(pictures[i] as number);
    counts.predicted += own;
    if (isRight[place]?.[i]) counts.right += own;
  }
  for (const picture of truthPictures) counts.actual += weightOf(picture);
  return counts;
}

function total(counts: Counts[]): Counts {
  const sum: Counts = { right: 0, predicted: 0, actual: 0 };
  for (const { right, predicted, actual } of counts) {
    sum.right += right;
    sum.predicted += predicted;
    sum.actual += actual;
  }
  return sum;
}

function intervals(own: Counts, resampled: Counts[]): PrecisionAndRecall {
  return {
    precision: widest(own, resampled, 'predicted'),
    recall: widest(own, resampled, 'actual'),
  };
}

/**
 * Boxes of one picture are right or wrong together, which only resampled pictures show; but when all are right, only
 * Wilson's interval says how few they are. So the wider end of both holds.
 */
function widest({ right, ...own }: Counts, resampled: Counts[], of: 'predicted' | 'actual'): Interval {
  const alone = wilson(right, own[of]);
  const shares = resampled.flatMap((counts) => (counts[of] ? [counts.right / counts[of]] : []));
  const { low, high } = percentileInterval(alone.value, shares);
  return { value: alone.value, low: Math.min(low, alone.low), high: Math.max(high, alone.high) };
}
