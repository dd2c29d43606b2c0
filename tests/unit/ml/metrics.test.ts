import { describe, expect, it } from 'vitest';
import { wilson } from '../../../workers/ml/intervals.ts';
import { confusionMatrix, evaluate, precisionRecallCurve } from '../../../workers/ml/classification/metrics.ts';

const multiclass = {
  probabilities: Float32Array.of(0.9, 0.1, 0.6, 0.4, 0.3, 0.7, 0.55, 0.45),
  targets: [[0], [1], [1], [0]],
  tagCount: 2,
  kind: 'MULTICLASS' as const,
  threshold: 0.5,
};

describe('evaluate', () => {
  it('agrees with figures worked out by hand (multi-class)', () => {
    const metrics = evaluate(multiclass);
    expect(metrics.accuracy).toBe(0.75);
    expect(metrics.precision.value).toBe(0.75);
    expect(metrics.recall.value).toBe(0.75);
    // Tag 0 is ranked right, wrong, right: (1/1 + 2/3) / 2.
    expect(metrics.perTag[0]?.averagePrecision.value).toBeCloseTo(5 / 6, 10);
    expect(metrics.perTag[0]?.precision.value).toBeCloseTo(2 / 3, 10);
    expect(metrics.perTag[0]?.imageCount).toBe(2);
    const logLoss = -(Math.log(0.9) + Math.log(0.4) + Math.log(0.7) + Math.log(0.55)) / 4;
    expect(metrics.logLoss).toBeCloseTo(logLoss, 6);
    // Every confidence is alone in its bin, except none: |.9-1| + |.6-0| + |.7-1| + |.55-1| over 4.
    expect(metrics.expectedCalibrationError).toBeCloseTo((0.1 + 0.6 + 0.3 + 0.45) / 4, 6);
  });

  it('counts only the top tag above the threshold', () => {
    const metrics = evaluate({ ...multiclass, threshold: 0.65 });
    expect(metrics.precision.value).toBe(1);
    expect(metrics.recall.value).toBe(0.5);
    expect(confusionMatrix({ ...multiclass, threshold: 0.65 })).toEqual([
      [1, 0, 1],
      [0, 1, 1],
    ]);
  });

  it('agrees with figures worked out by hand (multi-label)', () => {
    const metrics = evaluate({
      probabilities: Float32Array.of(0.9, 0.8, 0.7, 0.2, 0.1, 0.3),
      targets: [[0, 1], [], [1]],
      tagCount: 2,
      kind: 'MULTILABEL',
      threshold: 0.5,
    });
    expect(metrics.precision.value).toBeCloseTo(2 / 3, 10);
    expect(metrics.recall.value).toBeCloseTo(2 / 3, 10);
    expect(metrics.accuracy).toBeCloseTo(1 / 3, 10);
    expect(metrics.averagePrecision.value).toBe(1);
  });

  it('passes over pictures that were never held out, is repeatable and copes with nothing', () => {
    const more = Float32Array.of(...multiclass.probabilities, NaN, NaN);
    const padded = { ...multiclass, probabilities: more, targets: [...multiclass.targets, [0]] };
    expect(evaluate(padded)).toEqual(evaluate(multiclass));
    const nothing = evaluate({ ...multiclass, probabilities: new Float32Array(), targets: [] });
    expect(nothing.precision).toEqual({ value: 0, low: 0, high: 1 });
  });
});

describe('intervals and curves', () => {
  it('computes the Wilson interval', () => {
    const interval = wilson(8, 10);
    expect(interval.low).toBeCloseTo(0.4902, 3);
    expect(interval.high).toBeCloseTo(0.9433, 3);
  });

  it('walks down the thresholds, equal probabilities at once', () => {
    const curve = precisionRecallCurve(Float32Array.of(0.9, 0.5, 0.5, 0.1), [[0], [0], [], []], 0);
    expect(curve.map((point) => [point.precision, point.recall])).toEqual([
      [1, 0.5],
      [2 / 3, 1],
      [0.5, 1],
    ]);
  });
});

it('a curve of very many pictures keeps both ends and at most 500 points', () => {
  const count = 5000;
  const probabilities = Float32Array.from({ length: count }, (_, i) => 1 - i / count);
  const targets = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? [0] : []));
  const curve = precisionRecallCurve(probabilities, targets, 0);
  expect(curve).toHaveLength(500);
  expect(curve[0]).toEqual({ threshold: 1, precision: 1, recall: 1 / Math.ceil(count / 3) });
  expect(curve.at(-1)?.recall).toBe(1);
});
