import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../workers/ml/random.ts';
import { sigmoidCrossEntropy, softmaxCrossEntropy } from '../../../../workers/ml/trainer/losses.ts';
import { cosine, oneCycle } from '../../../../workers/ml/trainer/schedule.ts';

const random = seededRandom(3);
const count = 4;
const classes = 3;

describe.each([
  ['softmaxCrossEntropy', softmaxCrossEntropy],
  ['sigmoidCrossEntropy', sigmoidCrossEntropy],
] as const)('%s', (_, crossEntropy) => {
  const logits = Float32Array.from({ length: count * classes }, () => 6 * random() - 3);
  const targets = Float32Array.from({ length: count * classes }, random);
  // Shares of a picture add up to 1.
  for (let at = 0; at < targets.length; at += classes) {
    const own = targets.subarray(at, at + classes);
    const sum = own.reduce((total, share) => total + share, 0);
    own.forEach((share, k) => (own[k] = share / sum));
  }

  it('has the gradient that finite differences show', () => {
    const { gradient } = crossEntropy(logits, targets, count);
    gradient.forEach((slope, i) => {
      const at = (step: number): number =>
        crossEntropy(
          logits.map((z, k) => (k === i ? z + step : z)),
          targets,
          count,
        ).loss;
      expect((at(2 ** -7) - at(-(2 ** -7))) / 2 ** -6).toBeCloseTo(slope, 5);
    });
  });

  it('is the mean of the pictures by themselves', () => {
    const alone = Array.from({ length: count }, (_, i) => {
      const range = [i * classes, (i + 1) * classes] as const;
      return crossEntropy(logits.slice(...range), targets.slice(...range), 1).loss;
    });
    const mean = alone.reduce((sum, loss) => sum + loss, 0) / count;
    expect(crossEntropy(logits, targets, count).loss).toBeCloseTo(mean, 6);
  });

  it('stays finite for logits that overflow an exponential', () => {
    const { loss, gradient } = crossEntropy(Float32Array.of(500, -500), Float32Array.of(0, 1), 1);
    expect(loss).toBe(1000);
    expect([...gradient]).toEqual([1, -1]);
  });

  it('refuses lengths that do not fit', () => {
    expect(() => crossEntropy(logits, targets.slice(1), count)).toThrow('12 logits and 11 targets do not fit 4');
  });
});

describe('learning rates', () => {
  it('cosine: up in a straight line, then down to its share', () => {
    const options = { peak: 0.2, warmUpSteps: 4, endShare: 0.05 };
    const rates = Array.from({ length: 25 }, (_, step) => cosine(step, 25, options));
    expect(rates.slice(0, 4).map((rate) => rate.toFixed(3))).toEqual(['0.050', '0.100', '0.150', '0.200']);
    expect(rates[4]).toBeCloseTo(0.2, 9);
    expect(rates[14]).toBeCloseTo(0.105, 9);
    expect(rates[24]).toBeCloseTo(0.01, 9);
  });

  it('oneCycle: as in PyTorch', () => {
    // torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=20, pct_start=0.25): its rates at these steps.
    const expected: [step: number, rate: number][] = [
      [0, 0.004],
      [1, 0.01806],
      [2, 0.052],
      [4, 0.1],
      [19, 4e-7],
    ];
    for (const [step, rate] of expected)
      expect(oneCycle(step, 20, { peak: 0.1, warmUpShare: 0.25 })).toBeCloseTo(rate, 5);
  });
});
