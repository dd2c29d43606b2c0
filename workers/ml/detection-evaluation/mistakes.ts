import { iou, type DetectedBox, type TaggedBox } from '../detection/boxes.ts';
import type { JudgedPicture } from './evaluation-file.ts';
import { matchGreedily } from './greedy-matching.ts';
import { countedDetections } from './ranked-detections.ts';

/** What counts as right: a box of the right tag that overlaps the true one enough and is probable enough. */
export interface DetectionThresholds {
  threshold: number;
  overlapThreshold: number;
}

/**
 * MISSED: nothing was found there. EXTRA: there is nothing, or it was found already. MISPLACED: the right tag, with too
 * little overlap. CONFUSED: the right place, with the wrong tag.
 */
export type MistakeKind = 'MISSED' | 'EXTRA' | 'MISPLACED' | 'CONFUSED';

interface Pair {
  actual: TaggedBox;
  predicted: DetectedBox;
}

/** What is there and what was found instead; one of both is missing when there is nothing. */
export interface Mistake {
  kind: MistakeKind;
  actual: TaggedBox | null;
  predicted: DetectedBox | null;
}

export interface Comparison {
  right: Pair[];
  mistakes: Mistake[];
  /** What counts as found at the threshold, the most probable first. */
  predicted: DetectedBox[];
}

/** With less overlap than this, two boxes have nothing to do with each other (as in TIDE, arXiv:2008.08115). */
const leastMisplacedOverlap = 0.1;

/** Sets what was found against what is there; each box takes part in one pair or mistake. */
export function compareBoxes(
  { truth, detected }: JudgedPicture,
  { threshold, overlapThreshold }: DetectionThresholds,
): Comparison {
  const predicted = countedDetections(detected.filter(({ probability }) => probability >= threshold));
  const right = pairUp(predicted, truth, overlapThreshold, isSameTag);
  const confused = pairUp(right.predicted, right.truth, overlapThreshold, (a, b) => !isSameTag(a, b));
  const misplaced = pairUp(confused.predicted, confused.truth, leastMisplacedOverlap, isSameTag);
  return {
    right: right.pairs,
    predicted,
    mistakes: [
      ...confused.pairs.map((pair) => ({ kind: 'CONFUSED' as const, ...pair })),
      ...misplaced.pairs.map((pair) => ({ kind: 'MISPLACED' as const, ...pair })),
      ...misplaced.predicted.map((box) => ({ kind: 'EXTRA' as const, actual: null, predicted: box })),
      ...misplaced.truth.map((box) => ({ kind: 'MISSED' as const, actual: box, predicted: null })),
    ],
  };
}

function isSameTag(a: TaggedBox, b: TaggedBox): boolean {
  return a.tagIndex === b.tagIndex;
}

/** Pairs by COCO's rule those that fit, and what is left over. */
function pairUp(
  predicted: DetectedBox[],
  truth: TaggedBox[],
  least: number,
  fits: (a: TaggedBox, b: TaggedBox) => boolean,
): { pairs: Pair[]; predicted: DetectedBox[]; truth: TaggedBox[] } {
  const overlap = (d: number, t: number): number => {
    const [a, b] = [predicted[d] as DetectedBox, truth[t] as TaggedBox];
    return fits(a, b) ? iou(a, b) : -1;
  };
  const found = matchGreedily(predicted.length, truth.length, overlap, least);
  const taken = new Set(found);
  return {
    pairs: predicted.flatMap((box, d) => {
      const actual = truth[found[d] as number];
      return actual ? [{ actual, predicted: box }] : [];
    }),
    predicted: predicted.filter((_, d) => found[d] === -1),
    truth: truth.filter((_, t) => !taken.has(t)),
  };
}

/**
 * How often a region with tag [row] was found with tag [column]. The last column counts regions that were not found, the
 * last row what was found where no region is.
 */
export function detectionConfusion(
  pictures: JudgedPicture[],
  tagCount: number,
  thresholds: DetectionThresholds,
): number[][] {
  const matrix = Array.from({ length: tagCount + 1 }, () => new Array<number>(tagCount + 1).fill(0));
  const add = (actual: TaggedBox | null, predicted: TaggedBox | null): void => {
    const row = matrix[actual?.tagIndex ?? tagCount];
    const column = predicted?.tagIndex ?? tagCount;
    if (row) row[column] = (row[column] ?? 0) + 1;
  };
  for (const picture of pictures) {
    const { right, mistakes } = compareBoxes(picture, thresholds);
    for (const { actual, predicted } of right) add(actual, predicted);
    for (const { kind, actual, predicted } of mistakes) {
      if (kind === 'MISPLACED') {
        // It leaves its region not found.
        add(actual, null);
        add(null, predicted);
      } else add(actual, predicted);
    }
  }
  return matrix;
}
