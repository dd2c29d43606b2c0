import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../workers/ml/random.ts';
import { floats, openSession } from '../../../../workers/ml/session.ts';
import { Graph } from '../../../../workers/ml/trainer/graph.ts';
import { sigmoidCrossEntropy, softmaxCrossEntropy, type Loss } from '../../../../workers/ml/trainer/losses.ts';
import { cosine, oneCycle } from '../../../../workers/ml/trainer/schedule.ts';

const random = seededRandom(3);
const count = 4;
const classes = 3;

/** What the graph of a loss gives. */
async function evaluate(write: Loss, logits: Float32Array, targets: Float32Array, batch: number) {
  const graph = new Graph();
  const dims = [batch, logits.length / batch];
  const { loss, gradient } = write(graph, graph.input('logits', dims), graph.input('targets', dims), batch);
  graph.output(loss, []);
  graph.output(gradient, dims);
  const session = await openSession(graph.toOnnx());
  const feed = (data: Float32Array): Tensor => new Tensor('float32', data, dims);
  const results = await session.run({ logits: feed(logits), targets: feed(targets) });
  await session.release();
  return { loss: floats(results[loss])[0] ?? NaN, gradient: floats(results[gradient]) };
}

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

  it('has the gradient that finite differences show', async () => {
    const { gradient } = await evaluate(crossEntropy, logits, targets, count);
    const distance = 2 ** -5;
    for (const [i, derivative] of gradient.entries()) {
      const at = async (step: number): Promise<number> => {
        const moved = logits.map((z, k) => (k === i ? z + step : z));
        return (await evaluate(crossEntropy, moved, targets, count)).loss;
      };
      expect(((await at(distance)) - (await at(-distance))) / (2 * distance)).toBeCloseTo(derivative, 4);
    }
  });

  it('is the mean of the pictures by themselves', async () => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const range = [i * classes, (i + 1) * classes] as const;
      sum += (await evaluate(crossEntropy, logits.slice(...range), targets.slice(...range), 1)).loss;
    }
    expect((await evaluate(crossEntropy, logits, targets, count)).loss).toBeCloseTo(sum / count, 5);
  });

  it('stays finite for logits that overflow an exponential', async () => {
    const { loss, gradient } = await evaluate(crossEntropy, Float32Array.of(500, -500), Float32Array.of(0, 1), 1);
    expect(loss).toBe(1000);
    expect([...gradient]).toEqual([1, -1]);
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
