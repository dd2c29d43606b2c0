import { describe, expect, it } from 'vitest';
import {
  iou,
  suppressOverlaps,
  type Box,
  type DetectedBox,
  type SuppressionOptions,
} from '../../../../workers/ml/detection/boxes.ts';
import { Candidates, noPlace } from '../../../../workers/ml/detection/candidates.ts';
import { seededRandom } from '../../../../workers/ml/random.ts';

const usual: SuppressionOptions = { iouThreshold: 0.45, maxBoxes: 200 };
const logitOf = (probability: number): number => Math.fround(Math.log(probability / (1 - probability)));
const probabilityOf = (logit: number): number => 1 / (1 + Math.exp(-logit));
const box = (left: number, probability: number, tagIndex = 0): DetectedBox => ({
  ...{ left, top: 0.2, width: 0.2, height: 0.2 },
  ...{ tagIndex, probability: probabilityOf(logitOf(probability)) },
});

function answerTo(boxes: readonly DetectedBox[], suppression = usual): DetectedBox[] {
  const candidates = new Candidates(boxes.length);
  for (const { tagIndex, probability, ...own } of boxes) {
    const place = candidates.addBox(own);
    candidates.propose(tagIndex, Float32Array.of(logitOf(probability)), () => place);
  }
  return candidates.answer(suppression);
}

/** What it is by definition, in as many steps as that takes. */
function plainAnswer(boxes: readonly DetectedBox[], suppression: SuppressionOptions): DetectedBox[] {
  const sorted = boxes.toSorted((a, b) => b.probability - a.probability);
  const placed = suppressOverlaps(sorted, suppression);
  const near = (a: DetectedBox, b: DetectedBox, share: number): boolean =>
    a.tagIndex === b.tagIndex && iou(a, b) > share;
  for (const [i, kept] of placed.entries()) {
    const agreeing = sorted.filter((other) => near(other, kept, 0.7));
    const total = agreeing.reduce((sum, { probability }) => sum + probability, 0);
    const mean = (edge: keyof Box) => agreeing.reduce((sum, own) => sum + own.probability * own[edge], 0) / total;
    const voted = { ...kept, left: mean('left'), top: mean('top'), width: mean('width'), height: mean('height') };
    if (!placed.some((other, j) => j !== i && near(other, voted, suppression.iouThreshold))) placed[i] = voted;
  }
  return placed;
}

/** Around objects in a row and a column, as cells of a detector see them. */
function crowd(objects: number, seenBy: number): DetectedBox[] {
  const random = seededRandom(7);
  const side = Math.ceil(Math.sqrt(objects));
  return Array.from({ length: objects * seenBy }, (_, i) => {
    const object = i % objects;
    const shake = (): number => (0.1 * (random() - 0.5)) / side;
    const [left, top] = [(object % side) / side + shake(), Math.floor(object / side) / side + shake()];
    const own = { left, top, width: 0.8 / side + shake(), height: 0.8 / side + shake() };
    // The first objects are surer than the last ones, by all cells that see them.
    const probability = 0.95 - 0.6 * (object / objects) - 0.3 * random();
    return { ...own, tagIndex: object % 3, probability: probabilityOf(logitOf(probability)) };
  });
}

describe('the candidates of a picture', () => {
  it.each([
    [12, 20, usual],
    [100, 9, { iouThreshold: 0.1, maxBoxes: 200 }],
    [100, 9, { iouThreshold: 1, maxBoxes: 50 }],
    [30, 25, { iouThreshold: 0, maxBoxes: 7 }],
  ])('of %d objects seen by %d cells are answered as they are by definition, to the bit: %j', (...args) => {
    const [objects, seenBy, suppression] = args;
    const boxes = crowd(objects, seenBy);
    expect(answerTo(boxes, suppression)).toEqual(plainAnswer(boxes, suppression));
  });

  it('of a crowd lose no object to the many that see the others', () => {
    const boxes = crowd(150, 25);
    expect(answerTo(boxes)).toHaveLength(150);
    expect(answerTo(boxes)).toEqual(plainAnswer(boxes, usual));
  });

  it('are none below a score of .02 or outside the picture', () => {
    expect(answerTo([box(0.1, 0.019), box(0.5, 0.021)])).toHaveLength(1);
    const candidates = new Candidates(1);
    candidates.propose(0, Float32Array.of(3, 4), () => noPlace);
    expect(candidates.answer(usual)).toEqual([]);
  });
});

describe('box voting', () => {
  it('moves a box to the mean of those of its tag that lie nearly the same, by their probabilities', () => {
    const [voted] = answerTo([box(0.1, 0.9), box(0.2, 0.8), box(0.1, 0.8, 1), box(0.12, 0.3)]);
    expect(voted!.tagIndex).toBe(0);
    expect(voted!.top).toBeCloseTo(0.2, 12);
    expect(voted!.probability).toBeCloseTo(0.9, 6);
    expect(voted!.left).toBeCloseTo(0.75 * 0.1 + 0.25 * 0.12, 6);
    expect(voted!.width).toBeCloseTo(0.2, 12);
  });

  it('leaves a box that nothing agrees with where it is', () => {
    const [voted] = answerTo([box(0.1, 0.9), box(0.2, 0.8)]);
    expect(voted!.left).toBeCloseTo(0.1, 12);
    expect(voted!.width).toBeCloseTo(0.2, 12);
  });

  it('brings no box closer to another of its tag than suppression allows', () => {
    const [kept, beside, between] = [box(0.1, 0.9), box(0.18, 0.8), box(0.13, 0.7)];
    expect(iou(kept, beside)).toBeLessThan(0.45);
    expect(answerTo([kept, between, beside])[0]).toEqual(kept);
    expect(answerTo([kept, between])[0]!.left).toBeGreaterThan(0.11);
  });
});
