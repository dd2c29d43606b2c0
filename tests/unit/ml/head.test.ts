import { describe, expect, it } from 'vitest';
import { fitHead, headLogits, headProbabilities, type FitInput } from '../../../workers/ml/head.ts';
import { HeadLoss, headRows } from '../../../workers/ml/head-loss.ts';
import { assignFolds } from '../../../workers/ml/folds.ts';
import { minimise } from '../../../workers/ml/lbfgs.ts';
import { seededRandom } from '../../../workers/ml/random.ts';

/** Features with a few channels that depend on the tag. */
function sample(perTag: number, tagCount: number, noise = 1): { features: Float32Array[]; targets: number[][] } {
  const random = seededRandom(9);
  const targets = Array.from({ length: perTag * tagCount }, (_, i) => [i % tagCount]);
  const features = targets.map(([tag = 0]) =>
    Float32Array.from({ length: 2560 }, (_, d) => random() * noise + (d % 20 === tag ? 1 : 0)),
  );
  return { features, targets };
}

function input(perTag: number, tagCount: number, kind: FitInput['kind'], noise?: number): FitInput {
  const { features, targets } = sample(perTag, tagCount, noise);
  const groups = targets.map((_, i) => i);
  const folds = assignFolds({ targets, groups, isTest: [], seed: 1 });
  return { features, targets, tagCount, kind, folds, seed: 1 };
}

describe('loss graphs', () => {
  it.each(['MULTICLASS', 'MULTILABEL'] as const)('%s: gradient agrees with finite differences', async (kind) => {
    const { features, targets } = sample(3, 3);
    const loss = await HeadLoss.open(kind, headRows(features, targets, 3));
    const random = seededRandom(2);
    const at = Float64Array.from({ length: loss.parameterCount }, () => Math.fround(random() - 0.5));
    const rowWeight = new Float32Array(18).fill(0.5);
    const { gradient } = await loss.evaluate(at, rowWeight, 10);
    for (const i of [0, 5, 700, 3839, 3840, 3842]) {
      const h = 2 ** -7;
      const value = async (delta: number): Promise<number> => {
        const moved = at.slice();
        moved[i] = (moved[i] ?? 0) + delta;
        return (await loss.evaluate(moved, rowWeight, 10)).value;
      };
      expect(((await value(h)) - (await value(-h))) / (2 * h)).toBeCloseTo(gradient[i] ?? NaN, 2);
    }
    await loss.release();
  });
});

describe('minimise', () => {
  it('finds the lowest point of an ill-conditioned bowl', async () => {
    const curvature = [1, 10, 1000];
    const x = await minimise(
      (p) =>
        Promise.resolve({
          value: curvature.reduce((sum, c, i) => sum + (c * ((p[i] ?? 0) - i) ** 2) / 2, 0),
          gradient: p.map((v, i) => (curvature[i] ?? 0) * (v - i)),
        }),
      Float64Array.of(5, -3, 4),
      { relativeTolerance: 1e-12 },
    );
    expect([...x].map((v) => Math.round(v * 1000) / 1000)).toEqual([0, 1, 2]);
  });
});

describe('fitHead', () => {
  it.each(['MULTICLASS', 'MULTILABEL'] as const)('%s: learns, holds out and repeats to the byte', async (kind) => {
    const fit = input(8, 4, kind);
    const progress: number[] = [];
    const head = await fitHead({ ...fit, onProgress: (fraction) => progress.push(fraction) });
    expect(head.weights).toHaveLength(4 * 1280);
    fit.targets.forEach(([tag = 0], i) => {
      const held = [...head.outOfFold.subarray(i * 4, i * 4 + 4)];
      expect(held.indexOf(Math.max(...held))).toBe(tag);
    });
    expect([10, 30, 100, 300]).toContain(head.regularisation);
    expect(head.temperature).toBeGreaterThanOrEqual(0.5);
    expect(progress.at(-1)).toBe(1);
    expect(await fitHead(fit)).toEqual(head);
  });

  it('uses fixed settings below five pictures a tag and adds up to one', async () => {
    const fit = input(3, 3, 'MULTICLASS');
    const head = await fitHead(fit);
    expect([head.regularisation, head.temperature]).toEqual([100, 1]);
    const features = fit.features[0] ?? new Float32Array();
    expect(headLogits(head, features)).toHaveLength(3);
    expect(headProbabilities(head, 'MULTICLASS', features).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  it('treats folds -1 and -2 as agreed, and can be stopped', async () => {
    const fit = input(6, 2, 'MULTICLASS');
    fit.folds[0] = -1;
    fit.folds[1] = -2;
    const head = await fitHead(fit);
    expect(head.outOfFold[0]).toBeNaN();
    const own = headProbabilities(head, 'MULTICLASS', fit.features[1] ?? new Float32Array());
    expect(head.outOfFold[2]).toBeCloseTo(own[0] ?? NaN, 4);
    await expect(fitHead({ ...fit, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
