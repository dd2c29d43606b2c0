import { describe, expect, it } from 'vitest';
import { Batches } from '../../../../workers/ml/fine-tuning/batches.ts';
import { foldScales, splitScales } from '../../../../workers/ml/fine-tuning/channel-scales.ts';
import { readMapPack, writeMapPack } from '../../../../workers/ml/fine-tuning/map-pack.ts';
import { fineTuneRecipe, poolBytes, viewBytes } from '../../../../workers/ml/fine-tuning/recipe.ts';
import { fitStartingHead } from '../../../../workers/ml/fine-tuning/starting-head.ts';
import { toFloat16 } from '../../../../workers/ml/float16.ts';
import { headLogits } from '../../../../workers/ml/classification/head.ts';
import { seededRandom } from '../../../../workers/ml/random.ts';
import { ViewPool } from '../../../../workers/ml/view-pool.ts';

describe('recipe', () => {
  const viewsOf = (imageCount: number, budgetMinutes: number | null = null): number =>
    fineTuneRecipe({ backbone: 'efficientnet-lite2', imageCount, budgetMinutes }).augmentedViews;

  it('takes fewer views of many pictures, so that all fit into memory, but never none', () => {
    for (const imageCount of [10, 420, 2500]) {
      const bytes = imageCount * (2 + viewsOf(imageCount)) * viewBytes('efficientnet-lite2');
      expect(bytes).toBeLessThanOrEqual(poolBytes);
    }
    expect([10, 420, 2500, 100_000].map((imageCount) => viewsOf(imageCount))).toEqual([6, 6, 4, 2]);
  });

  it('takes fewer views when there is little time, so that most of it is left to learn', () => {
    expect([1440, 20, 10, 1].map((minutes) => viewsOf(500, minutes))).toEqual([6, 6, 4, 2]);
  });

  it('takes few pictures in smaller batches, at a rate as much lower', () => {
    const batchOf = (imageCount: number): number => {
      const { batchSize, learningRate } = fineTuneRecipe({
        backbone: 'efficientnet-lite0',
        imageCount,
        budgetMinutes: null,
      });
      expect(learningRate).toBeCloseTo((1e-3 * batchSize) / 32, 9);
      return batchSize;
    };
    expect([5, 30, 60, 120, 420].map(batchOf)).toEqual([8, 8, 16, 32, 32]);
  });
});

describe('channel scales', () => {
  it('bring every filter to about the size of its layer, and lose nothing', () => {
    const random = seededRandom(3);
    const sizes = [0.003, 0.2, 4, 0];
    const weight = Float32Array.from({ length: 40 }, (_, i) => (random() - 0.5) * (sizes[Math.floor(i / 10)] ?? 0));
    const folded = new Map([
      ['a.weight', weight],
      ['a.bias', Float32Array.of(1, -2, 3, 0)],
    ]);
    const split = splitScales(folded, { a: 0.07 });
    for (let channel = 0; channel < 3; channel++) {
      const own = split.get('a.weight')?.subarray(channel * 10, channel * 10 + 10);
      const size = Math.sqrt((own ?? weight).reduce((sum, value) => sum + value * value, 0) / 10);
      expect(size).toBeGreaterThan(0.07 / 1.5);
      expect(size).toBeLessThan(0.07 * 1.5);
    }
    expect(foldScales(split)).toEqual(folded);
  });
});

describe('batches', () => {
  const viewCount = 3;
  const members = [0, 2, 4, 5, 7];
  const numbers = (picture: number): Float32Array =>
    Float32Array.from({ length: viewCount * 4 }, (_, i) => picture + Math.floor(i / 4) / 8);
  const pack = (picture: number): Promise<Buffer> =>
    Promise.resolve(writeMapPack(toFloat16(numbers(picture)), viewCount));
  const targets = Array.from({ length: 8 }, (_, picture) => [picture]);
  const batches = (mixup: number): Batches => {
    const recipe = {
      ...fineTuneRecipe({ backbone: 'efficientnet-lite0', imageCount: 5, budgetMinutes: null }),
      batchSize: 4,
      mixup,
    };
    return new Batches({ targets, tagCount: 8, members }, new ViewPool(pack, readMapPack, 1e6), recipe, 9, 6);
  };

  it('show every picture once before any comes again, with the tags that belong to it', async () => {
    const seen: number[] = [];
    for (let step = 0; step < 5; step++) {
      const { map, targets: own } = await batches(0).at(step);
      for (let i = 0; i < 4; i++) {
        const picture = own.subarray(8 * i, 8 * i + 8).indexOf(1);
        seen.push(picture);
        expect(Math.floor(map[4 * i] ?? -1)).toBe(picture);
      }
    }
    for (let epoch = 0; epoch < 4; epoch++)
      expect(seen.slice(epoch * 5, epoch * 5 + 5).sort((a, b) => a - b)).toEqual(members);
  });

  it('mix pictures and tags in the same shares, and depend on seed and step only', async () => {
    const one = batches(0.2);
    await one.at(0);
    const batch = await one.at(7);
    expect(batch).toEqual(await batches(0.2).at(7));
    let mixed = 0;
    for (let i = 0; i < 4; i++) {
      const shares = batch.targets.subarray(8 * i, 8 * i + 8);
      expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 5);
      const mean = shares.reduce((sum, share, picture) => sum + share * picture, 0);
      // Views differ from their picture's number by a quarter at most.
      expect((batch.map[4 * i] ?? 0) - mean).toBeGreaterThan(-1e-3);
      expect((batch.map[4 * i] ?? 0) - mean).toBeLessThan(0.26);
      if (Math.max(...shares) < 0.999) mixed++;
    }
    expect(mixed).toBeGreaterThan(0);
    expect(new Set(batch.kept)).toEqual(new Set([0, Math.fround(1.25)]));
  });
});

describe('pack of maps', () => {
  it('comes back as it was, from any address, and refuses damage', () => {
    const pack = writeMapPack(Uint16Array.from([1, 2, 3, 4, 5, 6]), 2);
    const odd = Buffer.concat([Buffer.alloc(1), pack]).subarray(1);
    for (const bytes of [pack, odd])
      expect(readMapPack(bytes).map((view) => [...view])).toEqual([
        [1, 2, 3],
        [4, 5, 6],
      ]);
    expect(() => readMapPack(pack.subarray(0, -2))).toThrow(/instead of/);
  });
});

describe('starting head', () => {
  it('tells apart what the features tell apart', async () => {
    const random = seededRandom(4);
    const targets = Array.from({ length: 12 }, (_, i) => [i % 3]);
    const features = targets.map(([tag = 0]) =>
      Float32Array.from({ length: 2560 }, (_, d) => random() + (d % 10 === tag ? 1 : 0)),
    );
    const head = await fitStartingHead(features, targets, { tagCount: 3, kind: 'MULTICLASS' });
    features.forEach((feature, i) => {
      const logits = [...headLogits(head, feature)];
      expect(logits.indexOf(Math.max(...logits))).toBe(targets[i]?.[0]);
    });
  });
});
