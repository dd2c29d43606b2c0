import { beforeAll, describe, expect, it } from 'vitest';
import { openBackbone } from '../../../../workers/ml/backbones/backbone.ts';
import { backbones, type BackboneName } from '../../../../workers/ml/backbones/registry.ts';
import { fitTemperature, meanLogLoss, probabilitiesOf } from '../../../../workers/ml/classification/calibration.ts';
import { featureVersion } from '../../../../workers/ml/features.ts';
import { backboneGraph } from '../../../../workers/ml/backbones/backbone-graph.ts';
import { fineTune, type FineTuneInput } from '../../../../workers/ml/fine-tuning/fine-tune.ts';
import { readCheckpoint, writeCheckpoint } from '../../../../workers/ml/trainer/checkpoint.ts';
import type { TrainingStep } from '../../../../workers/ml/trainer/pacing.ts';
import { tunedLogits } from '../../../../workers/ml/fine-tuning/judge.ts';
import { fineTuneRecipe } from '../../../../workers/ml/fine-tuning/recipe.ts';
import { openTail, tunedBackbone } from '../../../../workers/ml/fine-tuning/tail.ts';
import { openTrunk } from '../../../../workers/ml/fine-tuning/trunk.ts';
import {
  readModelPackage,
  sha256,
  writeModelPackage,
  type ClassifierModel,
} from '../../../../workers/ml/model-package.ts';
import { openPredictor } from '../../../../workers/ml/predictor.ts';
import { SharedSessions } from '../../../../workers/ml/shared-sessions.ts';
import { stagePictures, type StagedPictures } from './pictures.ts';

const hourMs = 3_600_000;

describe.each(Object.keys(backbones) as BackboneName[])('%s cut at stride 8', (name) => {
  it('computes what the whole computes', async () => {
    const spec = backbones[name];
    const [whole, trunk] = [await openBackbone(spec), await openTrunk(spec)];
    const tail = await openTail(spec, (await backboneGraph(spec)).weights);
    const input = Float32Array.from({ length: 3 * spec.inputSize ** 2 }, (_, i) => Math.sin(i / 3) + Math.cos(i / 91));
    const expected = await whole.pooledWithMap(input, 1);
    const own = await tunedBackbone(trunk, tail).pooledWithMap(input, 1);
    expect(own.side).toBe(expected.side);
    // The map between the parts is rounded to float16.
    const largest = expected.pooled.reduce((most, value) => Math.max(most, value), 0);
    own.pooled.forEach((value, i) =>
      expect(Math.abs(value - (expected.pooled[i] ?? NaN))).toBeLessThan(1e-3 * largest),
    );
    for (const opened of [whole, trunk, tail]) await opened.release();
  });
});

describe('on rendered signs', () => {
  const tagCount = 3;
  let staged: StagedPictures;
  beforeAll(async () => {
    staged = await stagePictures({ perTag: 9, tags: tagCount, augmentedViews: 3 });
  });

  /** Of every three pictures of a tag, two are trained on. */
  const isMember = (picture: number): boolean => Math.floor(picture / tagCount) % 3 < 2;
  const input = (steps: number, batchSize: number): FineTuneInput => ({
    loadViews: (picture) => Promise.resolve(staged.packs[picture] ?? Buffer.alloc(0)),
    targets: staged.targets,
    tagCount,
    kind: 'MULTICLASS',
    members: [...staged.packs.keys()].filter(isMember),
    recipe: {
      ...fineTuneRecipe({ backbone: 'efficientnet-lite0', imageCount: 18, budgetMinutes: null }),
      minSteps: steps,
      epochs: 0,
      batchSize,
    },
    seed: 5,
    threads: 2,
    budgetMs: Infinity,
  });

  it('goes on from a checkpoint to the same bytes, whatever it had taken until then', async () => {
    const checkpoints: Buffer[] = [];
    const onCheckpoint = (state: Buffer): Promise<void> => {
      checkpoints.push(state);
      return Promise.resolve();
    };
    const straight = await fineTune({ ...input(18, 4), onCheckpoint });
    const steps: TrainingStep[] = [];
    const { pace, trainer } = readCheckpoint(checkpoints[0] ?? Buffer.alloc(0));
    const resumed = await fineTune({
      ...input(18, 4),
      checkpoint: writeCheckpoint({ ...pace, spentMs: 100 * hourMs }, trainer),
      budgetMs: hourMs,
      onStep: (step) => steps.push(step),
    });
    expect(steps.map(({ step }) => step)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
    expect(resumed).toEqual(straight);
  });

  it('runs through its schedule faster when the budget is small, and can be stopped', async () => {
    const steps: TrainingStep[] = [];
    await fineTune({ ...input(500, 4), budgetMs: 1, onStep: (step) => steps.push(step) });
    expect(steps).toHaveLength(9);
    const stopped = new AbortController();
    const stop = { signal: stopped.signal, onStep: () => stopped.abort(new Error('enough')) };
    await expect(fineTune({ ...input(10, 4), ...stop })).rejects.toThrow('enough');
  });

  it('learns, and predicts by its package what it was judged by', async () => {
    const losses: number[] = [];
    const training = input(24, 8);
    const tuned = await fineTune({ ...training, onStep: ({ loss }) => losses.push(loss) });
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-6))).toBeLessThan(mean(losses.slice(0, 6)));

    const pictures = [...staged.packs.keys()].filter((picture) => !isMember(picture));
    const logits = await tunedLogits(backbones['efficientnet-lite0'], tuned, { ...training, pictures });
    const held = { logits, targets: pictures.map((picture) => staged.targets[picture] ?? []) };
    const temperature = fitTemperature(held, 'MULTICLASS');
    expect(meanLogLoss(held, 'MULTICLASS', temperature)).toBeLessThan(0.3);

    const model: ClassifierModel = {
      kind: 'MULTICLASS',
      backbone: 'efficientnet-lite0',
      featureVersion,
      inputSize: 224,
      temperature,
      tags: ['a', 'b', 'c'].map((id) => ({ id, name: id, type: 'REGULAR' })),
      thresholds: [0.5, 0.5, 0.5],
      ...tuned,
    };
    const bytes = writeModelPackage(model);
    expect(readModelPackage(bytes)).toEqual(model);
    expect(sha256(writeModelPackage(model))).toBe(sha256(bytes));
    const shared = new SharedSessions();
    const predictor = await openPredictor(readModelPackage(bytes), shared);
    const [first = 0] = pictures;
    const results = await predictor.predict(staged.originals[first] ?? Buffer.alloc(0), { explain: true });
    const judged = probabilitiesOf(logits[0] ?? [], 'MULTICLASS', temperature);
    for (const { tagIndex, probability } of results) expect(probability).toBeCloseTo(judged[tagIndex] ?? NaN, 6);
    expect(results[0]?.heatmapPng?.subarray(1, 4).toString()).toBe('PNG');
    expect(predictor.sizeBytes).toBeGreaterThan(13e6);
    await predictor.release();
    await shared.release();
  });
});
