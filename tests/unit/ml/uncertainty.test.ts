import { expect, test } from 'vitest';
import { uncertaintyOf } from '../../../workers/ml/uncertainty.ts';

test('a distribution among tags is as unsure as its entropy, whatever the number of tags', () => {
  expect(uncertaintyOf('MULTICLASS', [1, 0, 0])).toBeCloseTo(0);
  expect(uncertaintyOf('MULTICLASS', [0.5, 0.5])).toBeCloseTo(1);
  expect(uncertaintyOf('MULTICLASS', [0.5, 0.5, 0, 0])).toBeCloseTo(0.5);
  expect(uncertaintyOf('MULTICLASS', new Array<number>(7).fill(Math.fround(1 / 7)))).toBeLessThanOrEqual(1);
  expect(uncertaintyOf('MULTICLASS', [1])).toBe(0);
});

test('tags that stand together are unsure one by one', () => {
  expect(uncertaintyOf('MULTILABEL', [1, 1, 0])).toBeCloseTo(0);
  expect(uncertaintyOf('MULTILABEL', [0.5, 1, 0, 0])).toBeCloseTo(0.25);
  expect(uncertaintyOf('MULTILABEL', [0.11, 0.89])).toBeCloseTo(0.5, 2);
});

test('a detector is as unsure as its most doubtful box', () => {
  expect(uncertaintyOf('DETECTION', [])).toBe(0);
  expect(uncertaintyOf('DETECTION', [0.99, 0.5, 0.02, 0.02])).toBeCloseTo(1);
  expect(uncertaintyOf('DETECTION', [0.99, 0.02])).toBeLessThan(0.15);
});
