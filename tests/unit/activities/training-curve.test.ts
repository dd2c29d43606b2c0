import { expect, it } from 'vitest';
import type { TrainingCurvePoint } from '../../../schema/contracts/training.ts';
import { addToCurve, curvePoints } from '../../../workers/activities/training-curve.ts';

const point = (part: number, step: number): TrainingCurvePoint => {
  return { part, step, steps: 600, loss: 1 / step, learningRate: 1e-3, heldOut: null };
};
const stepsOf = (curve: TrainingCurvePoint[], part: number): number[] =>
  curve.filter((one) => one.part === part).map(({ step }) => step);

it('keeps the parts in order, however their points come in', () => {
  const curve = [[point(1, 10)], [point(0, 5)], [point(1, 20)], [point(0, 8)]].reduce(
    (known, added) => addToCurve(known, added),
    [] as TrainingCurvePoint[],
  );
  expect(curve.map(({ part, step }) => [part, step])).toEqual([
    [0, 5],
    [0, 8],
    [1, 10],
    [1, 20],
  ]);
});

it('forgets what a part told beyond the checkpoint that it goes on from', () => {
  const before = [point(0, 10), point(0, 20), point(0, 30), point(1, 30)];
  const curve = addToCurve(before, [point(0, 16)]);
  expect(stepsOf(curve, 0)).toEqual([10, 16]);
  expect(stepsOf(curve, 1)).toEqual([30]);
});

it('stays within its length, spread over all steps, and keeps the end of every part', () => {
  let curve: TrainingCurvePoint[] = [];
  for (const part of [0, 1, 2])
    for (let step = 1; step <= 500; step++) {
      curve = addToCurve(curve, [point(part, step)]);
      expect(curve.length).toBeLessThanOrEqual(curvePoints);
    }
  for (const part of [0, 1, 2]) expect(stepsOf(curve, part).at(-1)).toBe(500);
  const gaps = stepsOf(curve, 2).map((step, i, steps) => step - (steps[i - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(50);
});

it('adds nothing when there is nothing to add', () => {
  expect(addToCurve([point(0, 1)], [])).toEqual([point(0, 1)]);
});
