import { Tensor } from 'onnxruntime-node';
import { beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../workers/ml/random.ts';
import { inferenceModel } from '../../../../workers/ml/trainer/inference-model.ts';
import { Network, sizeOf, type ConvOptions, type Value, type Weights } from '../../../../workers/ml/trainer/network.ts';
import { openSession } from '../../../../workers/ml/session.ts';
import type { OutputTensors } from '../../../../workers/ml/trainer/trainer.ts';
import { TwoPassTrainer } from '../../../../workers/ml/trainer/two-pass-trainer.ts';
import { readTensorFile } from '../../../../workers/ml/tensor-file.ts';

const batchSize = 3;
let random = seededRandom(5);
// Each test draws the same numbers whichever others run.
beforeEach(() => (random = seededRandom(5)));
const numbers = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * random() - 1);
/** So that the first moving average of AdamW is the gradient itself. */
const optimiser = { beta1: 0, beta2: 0.9, weightDecay: 0 };

function weightsOf(network: Network): Weights {
  return new Map([...network.parameters()].map(([name, shape]) => [name, numbers(sizeOf(shape))]));
}

function inputsOf(network: Network): OutputTensors {
  return Object.fromEntries(
    [...network.inputs].map(([name, { value }]) => [name, numbers(batchSize * sizeOf(value.shape))]),
  );
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);

/** The loss is a fixed random weighting of all outputs, by the graph for inference. */
async function lossOf(network: Network, weights: Weights, inputs: OutputTensors, weighting: OutputTensors) {
  const session = await openSession(inferenceModel(network, weights), 1);
  const feeds = Object.entries(inputs).map(([name, data]) => {
    const shape = network.inputs.get(name)?.value.shape ?? [];
    return [name, new Tensor('float32', data, [batchSize, ...shape])] as const;
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return weighted((name) => results[name]?.data as Float32Array, weighting);
}

function weighted(outputOf: (name: string) => Float32Array, weighting: OutputTensors): number {
  return Object.entries(weighting).reduce((sum, [name, own]) => sum + dot(outputOf(name), own), 0);
}

/** The forward pass while training may take other formulas than the graph for inference; the loss must be the same. */
async function gradientsOf(network: Network, weights: Weights, inputs: OutputTensors, weighting: OutputTensors) {
  const trainer = await TwoPassTrainer.open({
    network,
    weights,
    trained: () => true,
    optimiser,
    batchSize,
    threads: 1,
  });
  const outputs = await trainer.forward(inputs);
  const loss = weighted((name) => outputs[name] as Float32Array, weighting);
  expect(loss).toBeCloseTo(await lossOf(network, weights, inputs, weighting), 3);
  await trainer.backward(weighting, 0);
  const { tensors } = readTensorFile(await trainer.state());
  await trainer.release();
  return (parameter: string) => tensors.get(`${parameter}:mean`)?.data ?? new Float32Array();
}

/** Along random directions, for each parameter by itself: what the gradient says against what the loss does. */
async function expectRightGradients(network: Network): Promise<void> {
  const weights = weightsOf(network);
  const inputs = inputsOf(network);
  const weighting = Object.fromEntries(
    [...network.outputs].map(([name, { shape }]) => [name, numbers(batchSize * sizeOf(shape))]),
  );
  const gradientOf = await gradientsOf(network, weights, inputs, weighting);
  // Small enough that few ReLUs change sides; the rounding of float32 then shows in the second decimal.
  const distance = 2 ** -13;
  const rounding = 0.01;
  for (const [name, own] of weights) {
    if (network.isFixed(name)) continue;
    for (let round = 0; round < 3; round++) {
      const direction = numbers(own.length);
      const at = (sign: number): Promise<number> => {
        const moved = own.map((w, i) => w + sign * distance * (direction[i] ?? NaN));
        return lossOf(network, new Map(weights).set(name, moved), inputs, weighting);
      };
      const measured = ((await at(1)) - (await at(-1))) / (2 * distance);
      const scale = Math.sqrt(dot(gradientOf(name), gradientOf(name)) * dot(direction, direction));
      const difference = Math.abs(measured - dot(gradientOf(name), direction));
      expect(difference, `${name}, direction ${round}`).toBeLessThan(2e-3 * scale + rounding);
    }
  }
}

/** Between two convolutions, so that the gradient has to pass through the layer. */
async function expectRightLayer(layer: (network: Network, x: Value) => Value, shape = [4, 6, 5]): Promise<void> {
  const network = new Network();
  const before = network.conv(network.input('x', shape), { name: 'before', channels: shape[0] ?? 0, kernel: 1 });
  network.output('y', layer(network, before));
  await expectRightGradients(network);
}

describe('gradients agree with finite differences', () => {
  const convolutions: Partial<ConvOptions>[] = [
    { channels: 3, kernel: 1 },
    { channels: 3, kernel: 1, bias: false },
    { channels: 3, kernel: 1, stride: 2 },
    { channels: 5, kernel: 3 },
    { channels: 5, kernel: 3, channelScale: true },
    { channels: 5, kernel: 3, pads: [0, 0, 0, 0] },
    { channels: 5, kernel: 3, pads: [3, 0, 1, 2] },
    { channels: 5, kernel: 3, stride: 2, pads: [0, 0, 1, 1] },
    { channels: 5, kernel: 2, stride: 3, pads: [1, 0, 0, 0] },
    { channels: 6, kernel: 3, groups: 2 },
    { channels: 6, kernel: 3, groups: 2, stride: 2 },
    { channels: 4, kernel: 3, groups: 4 },
    { channels: 8, kernel: 3, groups: 4 },
    { channels: 4, kernel: 5, groups: 4, channelScale: true },
    { channels: 4, kernel: 3, groups: 4, pads: [3, 1, 0, 2] },
    { channels: 4, kernel: 3, groups: 4, stride: 2, pads: [0, 0, 1, 1] },
    { channels: 4, kernel: 5, groups: 4, stride: 2, pads: [1, 1, 2, 2] },
    { channels: 4, kernel: 5, groups: 4, stride: 2, pads: [2, 2, 2, 2] },
    { channels: 4, kernel: 2, groups: 4, stride: 3 },
  ];
  it.each(convolutions)('conv %j', (options) =>
    expectRightLayer((network, x) => network.conv(x, { name: 'conv', channels: 1, kernel: 1, ...options })),
  );

  // Large enough to be cut into bands of two rows, or of one if their number is odd.
  const largeDepthwise: Partial<ConvOptions>[] = [
    { kernel: 3 },
    { kernel: 5 },
    { kernel: 5, stride: 2, pads: [1, 1, 2, 2] },
    { kernel: 3, stride: 2, pads: [0, 0, 1, 1] },
    { kernel: 3, pads: [2, 1, 1, 0] },
    { kernel: 3, stride: 3, pads: [0, 2, 0, 1] },
    { kernel: 5, stride: 2, pads: [2, 2, 2, 2] },
  ];
  it.each(largeDepthwise)('depthwise conv on large maps %j', (options) =>
    expectRightLayer(
      (network, x) => network.conv(x, { name: 'conv', channels: 3, groups: 3, kernel: 3, ...options }),
      [3, 10, 11],
    ),
  );

  it.each(['relu', 'relu6', 'sigmoid', 'softplus', 'upsample2', 'globalAveragePool'] as const)('%s', (kind) =>
    expectRightLayer((network, x) => network[kind](x)),
  );

  it('relu6 where it is cut off above', () =>
    expectRightLayer((network, x) => {
      const [two, four] = [network.add(x, x), network.add(network.add(x, x), network.add(x, x))];
      return network.relu6(network.multiply(two, four));
    }));

  it('add and multiply, also of a value with itself', () =>
    expectRightLayer((network, x) => network.add(network.multiply(x, x), network.add(x, network.sigmoid(x)))));

  it('linear after pooling', () =>
    expectRightLayer((network, x) => network.linear(network.globalAveragePool(x), { name: 'linear', units: 3 })));

  it('rootNormalise', () =>
    expectRightLayer((network, x) => network.rootNormalise(network.globalAveragePool(network.softplus(x)))));

  it('shift', () => expectRightLayer((network, x) => network.sigmoid(network.shift(x, { name: 'level' }))));

  it('parameters that two layers share, and several outputs', async () => {
    const network = new Network();
    const x = network.input('x', [3, 4, 4]);
    const once = network.softplus(network.conv(x, { name: 'shared', channels: 3, kernel: 3 }));
    const twice = network.conv(once, { name: 'shared', channels: 3, kernel: 3 });
    network.output('once', once);
    network.output('twice', network.shift(twice, { name: 'level' }));
    network.output('halved', network.conv(once, { name: 'halved', channels: 2, kernel: 3, stride: 2 }));
    await expectRightGradients(network);
  });
});
