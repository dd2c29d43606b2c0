import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackbone, type Backbone } from '../../../workers/ml/backbones/backbone.ts';
import { backbones } from '../../../workers/ml/backbones/registry.ts';
import { extractFeatures, featureVersion, normaliseFeature } from '../../../workers/ml/features.ts';
import { headLogits, headProbabilities } from '../../../workers/ml/classification/head.ts';
import {
  readModelPackage,
  sha256,
  writeModelPackage,
  type ClassifierModel,
} from '../../../workers/ml/model-package.ts';
import { predictImage } from '../../../workers/ml/predictor.ts';
import { seededRandom } from '../../../workers/ml/random.ts';

function exampleModel(): ClassifierModel {
  const random = seededRandom(5);
  return {
    kind: 'MULTICLASS',
    backbone: 'efficientnet-lite0',
    featureVersion,
    inputSize: 224,
    tags: ['Äpfel', 'pear', 'none'].map((name, i) => ({ id: `t${i}`, name, type: i === 2 ? 'NEGATIVE' : 'REGULAR' })),
    weights: Float32Array.from({ length: 3 * 1280 }, () => random() - 0.5),
    bias: Float32Array.of(0.1, -0.2, 0),
    temperature: 0.9,
    thresholds: [0.5, 0.4, 0.5],
  };
}

async function picture(): Promise<Buffer> {
  const raw = Buffer.from(Uint8Array.from({ length: 300 * 200 * 3 }, (_, i) => (i * 31 + ((i * i) % 97)) % 256));
  return sharp(raw, { raw: { width: 300, height: 200, channels: 3 } })
    .blur(3)
    .png()
    .toBuffer();
}

describe('model package', () => {
  it('comes back as it was, with equal bytes', () => {
    const model = exampleModel();
    const bytes = writeModelPackage(model);
    expect(readModelPackage(bytes)).toEqual(model);
    expect(sha256(writeModelPackage(readModelPackage(bytes)))).toBe(sha256(bytes));
  });

  it('refuses damage', () => {
    const bytes = writeModelPackage(exampleModel());
    expect(() => readModelPackage(bytes.subarray(0, bytes.length - 4))).toThrow(/instead of/);
    expect(() => readModelPackage(new Uint8Array(40))).toThrow(/not a valid/);
    expect(() => writeModelPackage({ ...exampleModel(), thresholds: [2] })).toThrow(/thresholds/);
  });
});

describe('with a backbone', () => {
  let one: Backbone;
  let two: Backbone;
  beforeAll(async () => {
    one = await openBackbone(backbones['efficientnet-lite0']);
    two = await openBackbone(backbones['efficientnet-lite0'], { threads: 2 });
  });
  afterAll(async () => {
    await one.release();
    await two.release();
  });

  it('gives the same features with one and two threads', async () => {
    const bytes = await picture();
    const features = await extractFeatures(one, bytes);
    expect(features).toHaveLength(2560);
    expect(Math.min(...features)).toBeGreaterThanOrEqual(0);
    expect(await extractFeatures(two, bytes)).toEqual(features);
    expect(normaliseFeature(features).reduce((sum, f) => sum + f * f, 0)).toBeCloseTo(2, 4);
  });

  it('predicts like the head and explains without changing the prediction', async () => {
    const [model, bytes] = [exampleModel(), await picture()];
    const { results } = await predictImage(one, model, bytes);
    const direct = headProbabilities(model, model.kind, await extractFeatures(one, bytes));
    expect(results.map((r) => r.probability)).toEqual([...direct].sort((a, b) => b - a));
    const explained = await predictImage(one, model, bytes, { explain: true });
    expect(explained.results.map((r) => r.probability)).toEqual(results.map((r) => r.probability));
    const { format, width, height } = await sharp(explained.results[0]?.heatmapPng).metadata();
    expect([format, width, height]).toEqual(['png', 300, 200]);
    await expect(predictImage(one, { ...model, featureVersion: 'old' }, bytes)).rejects.toThrow(/features/);
  });

  it('has a relevance that is the gradient of the logit', async () => {
    const { logitGradient } = await import('../../../workers/ml/classification/heatmap.ts');
    const model = exampleModel();
    const p = (await extractFeatures(one, await picture())).slice(0, 1280);
    const gradient = logitGradient(model.weights.subarray(0, 1280), p);
    const channel = p.findIndex((value) => value > 0.3);
    const moved = (delta: number): number => {
      const copy = p.slice();
      copy[channel] = (copy[channel] ?? 0) + delta;
      return headLogits(model, copy)[0] ?? NaN;
    };
    expect((moved(0.05) - moved(-0.05)) / 0.1).toBeCloseTo(gradient[channel] ?? NaN, 3);
  });
});
