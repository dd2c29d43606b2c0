import { seededRandom } from '../../workers/ml/random.ts';
import { Network, sizeOf, type Weights } from '../../workers/ml/trainer/network.ts';

/** Ten steps of a small network that has every kind of layer, for the trainer and for PyTorch. */
const random = seededRandom(11);
const numbers = (length: number, size: number): Float32Array =>
  Float32Array.from({ length }, () => (2 * random() - 1) * size);

export const batchSize = 4;
export const tagCount = 3;
export const learningRates = Array.from({ length: 10 }, (_, step) => 0.01 - step * 0.0005);
export const optimiser = { beta1: 0.9, beta2: 0.99, weightDecay: 0.05, epsilon: 1e-8, clipNorm: 0.5 };
export const average = 0.9;
export const network = smallNetwork();
export const weights: Weights = new Map([...network.parameters()].map(([name, shape]) => [name, startOf(name, shape)]));
/** One frozen layer: nothing may change it, and the gradient goes through it. */
export const trained = (parameter: string): boolean => !parameter.startsWith('frozen');
export const steps = learningRates.map(() => ({
  x: numbers(batchSize * 3 * 10 * 10, 1.5),
  mask: Float32Array.from({ length: batchSize * 8 }, () => (random() < 0.25 ? 0 : 1 / 0.75)),
  shares: softTargets(),
  presences: Float32Array.from({ length: batchSize * 100 }, () => random()),
}));

function smallNetwork(): Network {
  const built = new Network();
  const x = built.input('x', [3, 10, 10]);
  const dense = built.relu(built.conv(x, { name: 'dense', channels: 8, kernel: 3, channelScale: true }));
  const frozen = built.relu6(built.conv(dense, { name: 'frozen', channels: 8, kernel: 1 }));
  const depthwise = { kernel: 5, stride: 2, pads: [1, 1, 2, 2], groups: 8, channelScale: true } as const;
  const halved = built.relu6(built.conv(frozen, { name: 'depthwise', channels: 8, ...depthwise }));
  const again = built.conv(halved, { name: 'again', channels: 8, kernel: 3, groups: 8, bias: false });
  const merged = built.add(built.softplus(built.upsample2(again)), dense);
  const tower = built.relu(built.conv(merged, { name: 'dense.tower', channels: 8, kernel: 3 }));
  built.output(
    'presence',
    built.shift(built.conv(tower, { name: 'presence', channels: 1, kernel: 1 }), { name: 'level' }),
  );
  const pooled = built.multiply(built.globalAveragePool(built.sigmoid(tower)), built.input('mask', [8]));
  built.output('logits', built.linear(pooled, { name: 'classifier', units: tagCount }));
  return built;
}

function startOf(name: string, shape: readonly number[]): Float32Array {
  if (name.endsWith('.scale')) return numbers(sizeOf(shape), 0.5).map((factor) => 1 + factor);
  return numbers(sizeOf(shape), shape.length > 1 ? Math.sqrt(6 / sizeOf(shape.slice(1))) : 0.1);
}

function softTargets(): Float32Array {
  const targets = new Float32Array(batchSize * tagCount);
  for (let at = 0; at < targets.length; at += tagCount) {
    const shares = Array.from({ length: tagCount }, random);
    const sum = shares.reduce((total, share) => total + share, 0);
    targets.set(
      shares.map((share) => share / sum),
      at,
    );
  }
  return targets;
}
