import { expect, it } from 'vitest';
import type { ClassificationSnapshot } from '../../../schema/contracts/training.ts';
import { compareModels } from '../../../workers/activities/compare-models.ts';
import type { ClassificationEvaluation } from '../../../workers/ml/evaluation-file.ts';

const tags = ['a', 'b'].map((name) => ({ id: name, name, type: 'REGULAR' as const }));
const facts = { projectId: 'p', sha256: '', perceptualHash: '', isTest: false };
/** The odd ones show «b». */
const images = [...Array(12).keys()].map((i) => ({ id: `image ${i}`, ...facts, tagIndexes: [i % 2] }));
const snapshot: ClassificationSnapshot = { kind: 'MULTICLASS', tags, images };

/** @param right probability that the quick model gave to the true tag, by image; null: never held out */
function quick(right: (number | null)[], from = 0): ClassificationEvaluation {
  const own = images.slice(from, from + right.length);
  const rows = right.map((p, i) => (p === null ? [NaN, NaN] : (from + i) % 2 ? [1 - p, p] : [p, 1 - p]));
  return {
    kind: 'MULTICLASS',
    tags,
    imageIds: own.map(({ id }) => id),
    targets: own.map(({ tagIndexes }) => tagIndexes),
    isTest: own.map(() => false),
    measuredOn: 'OUT_OF_FOLD',
    probabilities: Float32Array.from(rows.flat()),
  };
}

/** @param margins by which the tuned model preferred the true tag, by place in the snapshot */
const tuned = (margins: Record<number, number>): Map<number, Float64Array> =>
  new Map(
    Object.entries(margins).map(([index, margin]) => [
      Number(index),
      Float64Array.from(Number(index) % 2 ? [0, margin] : [margin, 0]),
    ]),
  );

/** Twelve images: probability of the true tag by the quick model, and margins of the tuned one. */
const kept = (probabilities: number[], margins: number[]): string =>
  compareModels(quick(probabilities), snapshot, tuned({ ...margins })).comparison.kept;

it('keeps the less doubtful of two of which one has an image more right by chance', () => {
  const eleven = Array<number>(11).fill(0.55);
  const ten = Array<number>(10).fill(5);
  expect(kept([...eleven, 0.45], [...ten, -0.2, -0.2])).toBe('ADVANCED');
});

it('keeps the one that has clearly more right, however doubtful it is', () => {
  const eightBarelyWrong = Array<number>(8).fill(0.49);
  const elevenBarelyRight = Array<number>(11).fill(0.05);
  expect(kept([...eightBarelyWrong, 0.99, 0.99, 0.99, 0.99], [...elevenBarelyRight, -8])).toBe('ADVANCED');
});

it('in doubt keeps the tuned one, and the quick one when that is less doubtful by more than chance', () => {
  const surely = Array<number>(11).fill(0.97);
  const sure = Array<number>(11).fill(3.5);
  expect(kept([...surely, 0.6], [...sure, 0.2])).toBe('ADVANCED');
  const doubtful = Array<number>(6).fill(0.3);
  expect(kept([...surely, 0.97], [...doubtful, ...sure.slice(5)])).toBe('QUICK');
});

it('tells how many images both were judged on, and how they did', () => {
  const { comparison } = compareModels(quick([0.99, 0.99, 0.4, 0.99, 0.99, 0.99]), snapshot, tuned(Array(6).fill(2)));
  expect(comparison).toMatchObject({ kept: 'ADVANCED', imageCount: 6, advanced: { accuracy: 1 } });
  expect(comparison.quick.accuracy).toBeCloseTo(5 / 6);
});

it('of equally right ones keeps the less doubtful, and not the more boastful', () => {
  // The same order of pictures by certainty at twice the confidence: at its own temperature no better.
  const right = [0.9, 0.8, 0.4, 0.9, 0.7, 0.9];
  const boastful = Object.fromEntries(right.map((p, i) => [i, 1.9 * Math.log(p / (1 - p))]));
  const { comparison } = compareModels(quick(right), snapshot, tuned(boastful));
  expect(comparison.advanced.accuracy).toBe(comparison.quick.accuracy);
  expect(Math.abs(comparison.advanced.logLoss - comparison.quick.logLoss)).toBeLessThan(1e-3);
  const doubtful = { ...boastful, 2: -0.1 };
  expect(compareModels(quick(right), snapshot, tuned(doubtful)).comparison.kept).toBe('ADVANCED');
});

it('compares on images that neither has seen, also when the first of the snapshot was left out', () => {
  const { comparison, evaluation } = compareModels(
    quick([0.9, null, 0.9, 0.9, 0.9], 1),
    snapshot,
    tuned({ 1: 2, 2: 2, 5: -2 }),
  );
  expect(comparison).toMatchObject({
    imageCount: 2,
    quick: { accuracy: 1 },
    advanced: { accuracy: 0.5 },
    kept: 'QUICK',
  });
  const judged = evaluation.imageIds.map((_, i) => Number.isFinite(evaluation.probabilities[2 * i]));
  expect(judged).toEqual([true, true, false, false, true]);
  expect(evaluation.probabilities[1]).toBeGreaterThan(0.5);
});

it('tells of an image at a temperature that the other images say, and keeps the one of all for the model', () => {
  const margins = [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, -1];
  const { evaluation, temperature } = compareModels(
    quick(Array<number>(12).fill(0.6)),
    snapshot,
    tuned({ ...margins }),
  );
  const temperatures = margins.map((margin, i) => {
    const [first = 0, second = 0] = evaluation.probabilities.subarray(2 * i, 2 * i + 2);
    return (margin * (i % 2 ? -1 : 1)) / Math.log(first / second);
  });
  // Without the wrong one, and the one of its tenth, the others would be surer.
  expect(temperatures[11]).toBeCloseTo(0.5, 3);
  expect(temperature).toBeGreaterThan(0.6);
  expect(Math.max(...temperatures)).toBeGreaterThan(temperature);
});
