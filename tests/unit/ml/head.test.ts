import { describe, expect, it } from 'vitest';
import { fitHead, headLogits, headProbabilities, type FitInput } from '../../../workers/ml/classification/head.ts';
import { HeadLoss, headRows } from '../../../workers/ml/classification/head-loss.ts';
import { assignFolds } from '../../../workers/ml/folds.ts';
import { minimiseAll } from '../../../workers/ml/classification/lbfgs.ts';
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
  return { features, targets, tagCount, kind, folds };
}

describe('loss graphs', () => {
  const problem = async (kind: FitInput['kind']) => {
    const { features, targets } = sample(3, 3);
    const loss = await HeadLoss.open(kind, headRows(features, targets, 3));
    const random = seededRandom(2);
    const point = (): Float32Array => Float32Array.from({ length: loss.parameterCount }, () => random() - 0.5);
    return { loss, point };
  };

  it.each(['MULTICLASS', 'MULTILABEL'] as const)('%s: gradient agrees with finite differences', async (kind) => {
    const { loss, point } = await problem(kind);
    const at = point();
    const rowWeight = new Float32Array(18).fill(0.5);
    const evaluate = async (p: Float32Array) => (await loss.evaluate([p], [rowWeight], 10))[0];
    const gradient = (await evaluate(at))?.gradient;
    for (const i of [0, 5, 700, 3839, 3840, 3842]) {
      const h = 2 ** -7;
      const value = async (delta: number): Promise<number> => {
        const moved = at.slice();
        moved[i] = (moved[i] ?? 0) + delta;
        return (await evaluate(moved))?.value ?? NaN;
      };
      expect(((await value(h)) - (await value(-h))) / (2 * h)).toBeCloseTo(gradient?.[i] ?? NaN, 2);
    }
    await loss.release();
  });

  it.each(['MULTICLASS', 'MULTILABEL'] as const)(
    '%s: problems side by side do not disturb each other',
    async (kind) => {
      const { loss, point } = await problem(kind);
      const points = [point(), point()];
      const weights = [new Float32Array(18).fill(0.5), Float32Array.from({ length: 18 }, (_, i) => (i < 6 ? 0 : 0.5))];
      const together = await loss.evaluate(points, weights, 10);
      for (const i of [0, 1]) {
        const [alone] = await loss.evaluate(points.slice(i, i + 1), weights.slice(i, i + 1), 10);
        expect(together[i]?.value).toBeCloseTo(alone?.value ?? NaN, 4);
        expect(together[i]?.gradient[700]).toBeCloseTo(alone?.gradient[700] ?? NaN, 4);
      }
      await loss.release();
    },
  );

  it('the head for features as they are gives the logits of the centred ones', async () => {
    const { features } = sample(3, 3);
    const { loss, point } = await problem('MULTICLASS');
    const parameters = point();
    const own = loss.logits(parameters, 4);
    const raw = headLogits(loss.head(parameters), features[4] ?? new Float32Array());
    own.forEach((logit, k) => expect(raw[k]).toBeCloseTo(logit, 4));
    await loss.release();
  });
});

describe('minimiseAll', () => {
  const curvature = [1, 10, 1000];
  const bowl = (p: Float32Array, centre: number) => ({
    value: curvature.reduce((sum, c, i) => sum + (c * ((p[i] ?? 0) - i - centre) ** 2) / 2, 0),
    gradient: p.map((v, i) => (curvature[i] ?? 0) * (v - i - centre)),
  });

  it('finds the lowest points of ill-conditioned bowls, each as it would alone', async () => {
    const find = (centres: number[]) =>
      minimiseAll(
        (points, indexes) => Promise.resolve(points.map((p, at) => bowl(p, centres[indexes[at] ?? 0] ?? 0))),
        centres.map(() => Float32Array.of(5, -3, 4)),
        { relativeTolerance: 1e-12 },
      );
    const found = await find([0, 10]);
    expect(found.map((x) => [...x].map((v) => Math.round(v * 1000) / 1000))).toEqual([
      [0, 1, 2],
      [10, 11, 12],
    ]);
    expect(await find([0])).toEqual([found[0]]);
  });

  it('evaluates only those that are not done', async () => {
    const asked: number[][] = [];
    await minimiseAll(
      (points, indexes) => {
        asked.push(indexes);
        return Promise.resolve(points.map((p) => bowl(p, 0)));
      },
      [Float32Array.of(0, 1, 2), Float32Array.of(5, -3, 4)],
    );
    expect(asked[0]).toEqual([0, 1]);
    expect(asked.slice(1)).toEqual(asked.slice(1).map(() => [1]));
    expect(asked.length).toBeGreaterThan(2);
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
    expect([30, 100, 300]).toContain(head.inverseRegularisation);
    expect(head.temperature).toBeGreaterThanOrEqual(0.5);
    expect(progress.at(-1)).toBe(1);
    expect(await fitHead(fit)).toEqual(head);
  });

  it('uses fixed settings below five pictures a tag and adds up to one', async () => {
    const fit = input(3, 3, 'MULTICLASS');
    const head = await fitHead(fit);
    expect([head.inverseRegularisation, head.temperature]).toEqual([100, 1]);
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
