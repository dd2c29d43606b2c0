import { expect, it } from 'vitest';
import type { DetectedBox, TaggedBox } from '../../../../workers/ml/detection/boxes.ts';
import { calibrate, calibrated, uncalibrated } from '../../../../workers/ml/detection/calibration.ts';
import { seededRandom } from '../../../../workers/ml/random.ts';

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Pictures with one box each, which is right with the probability sigmoid(slope * logit + offset). */
function pictures(count: number, slope: number, offset: number): { detected: DetectedBox[]; truth: TaggedBox[] }[] {
  const random = seededRandom(9);
  return Array.from({ length: count }, () => {
    const logit = 8 * random() - 4;
    const place = { tagIndex: 0, left: 0.2, top: 0.2, width: 0.3, height: 0.3 };
    const isRight = random() < sigmoid(slope * logit + offset);
    return { detected: [{ ...place, probability: sigmoid(logit) }], truth: isRight ? [place] : [] };
  });
}

it('finds how scores and probabilities belong together', () => {
  const { slope, offset } = calibrate(pictures(4000, 1.7, 0.8));
  expect(slope).toBeCloseTo(1.7, 0);
  expect(Math.abs(slope - 1.7)).toBeLessThan(0.15);
  expect(Math.abs(offset - 0.8)).toBeLessThan(0.15);
});

it('changes nothing without evidence, and little with little', () => {
  expect(calibrate([])).toEqual(uncalibrated);
  const few = pictures(12, 3, 4);
  expect(few.flatMap(({ truth }) => truth).length).toBeGreaterThan(5);
  const { slope, offset } = calibrate(few);
  expect(slope).not.toBe(1);
  expect(Math.abs(slope - 1)).toBeLessThan(1);
  expect(Math.abs(offset)).toBeLessThan(2);
});

it('one background picture does not push every probability down', () => {
  const detected = Array.from({ length: 60 }, () => ({
    tagIndex: 0,
    left: 0,
    top: 0,
    width: 1,
    height: 1,
    probability: 0.1,
  }));
  expect(calibrate([{ detected, truth: [] }])).toEqual(uncalibrated);
});

it('keeps the order of boxes, also where scores mislead', () => {
  const calibration = calibrate(pictures(400, -1, 0));
  expect(calibration.slope).toBeGreaterThan(0);
  const place = { tagIndex: 0, left: 0, top: 0, width: 1, height: 1 };
  const boxes = [0.9, 0.5, 0.02].map((probability) => ({ ...place, probability }));
  const [a = 0, b = 0, c = 0] = calibrated(boxes, calibration).map(({ probability }) => probability);
  expect(a > b && b > c).toBe(true);
});

it('counts a second box on one object as wrong', () => {
  const place = { tagIndex: 0, left: 0.2, top: 0.2, width: 0.3, height: 0.3 };
  const twice = Array.from({ length: 50 }, () => ({
    detected: [0.8, 0.4].map((probability) => ({ ...place, probability })),
    truth: [place],
  }));
  const [first = 0, second = 0] = calibrated(twice[0]?.detected ?? [], calibrate(twice)).map((box) => box.probability);
  expect(first).toBeGreaterThan(0.85);
  expect(second).toBeLessThan(0.2);
});
