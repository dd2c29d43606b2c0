import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../../../workers/ml/session.ts';
import { inferenceModel } from '../../../../workers/ml/trainer/inference-model.ts';
import { sigmoidCrossEntropy, softmaxCrossEntropy } from '../../../../workers/ml/trainer/losses.ts';
import { Network, type Weights } from '../../../../workers/ml/trainer/network.ts';
import { OnePassTrainer } from '../../../../workers/ml/trainer/one-pass-trainer.ts';
import type { Trainer, TrainerOptions } from '../../../../workers/ml/trainer/trainer.ts';
import { TwoPassTrainer } from '../../../../workers/ml/trainer/two-pass-trainer.ts';
import * as reference from '../../../pytorch/reference-case.ts';

const { network, weights, trained, optimiser, average, batchSize, steps, learningRates } = reference;

const options: TrainerOptions = { network, weights, trained, optimiser, average, batchSize, threads: 1 };

interface Taken {
  loss: number;
  norm: number;
}

/** One way to take steps. */
interface Way<Own extends Trainer> {
  open: () => Promise<Own>;
  take: (trainer: Own, step: (typeof steps)[number], learningRate: number) => Promise<Taken>;
}

const onePass: Way<OnePassTrainer> = {
  open: () =>
    OnePassTrainer.open({ ...options, losses: { logits: softmaxCrossEntropy, presence: sigmoidCrossEntropy } }),
  take: async (trainer, { shares, presences, ...inputs }, learningRate) => {
    const { loss, gradientNorm } = await trainer.step(inputs, { logits: shares, presence: presences }, learningRate);
    return { loss, norm: gradientNorm };
  },
};

const openTwoPasses = (): Promise<TwoPassTrainer> => TwoPassTrainer.open(options);

/** With the same losses in plain code. */
const twoPasses: Way<TwoPassTrainer> = {
  open: openTwoPasses,
  take: async (trainer, { shares, presences, ...inputs }, learningRate) => {
    const { logits, presence } = (await trainer.forward(inputs)) as { logits: Float32Array; presence: Float32Array };
    const tags = inRows(logits, logits.length / batchSize).flatMap(softmax);
    const places = [...presence].map((z) => 1 / (1 + Math.exp(-z)));
    const gradientOf = (own: number[], targets: Float32Array): Float32Array =>
      targets.map((target, i) => ((own[i] ?? NaN) - target) / batchSize);
    const gradients = { logits: gradientOf(tags, shares), presence: gradientOf(places, presences) };
    const { gradientNorm } = await trainer.backward(gradients, learningRate);
    const parts = [
      ...tags.map((own, i) => -(shares[i] ?? NaN) * Math.log(own)),
      ...places.map((own, i) => -binaryLogLikelihood(own, presences[i] ?? NaN)),
    ];
    return { loss: parts.reduce((sum, part) => sum + part, 0) / batchSize, norm: gradientNorm };
  },
};

function binaryLogLikelihood(probability: number, target: number): number {
  return target * Math.log(probability) + (1 - target) * Math.log(1 - probability);
}

function inRows(numbers: Float32Array, length: number): number[][] {
  return Array.from({ length: numbers.length / length }, (_, row) => [
    ...numbers.subarray(row * length, (row + 1) * length),
  ]);
}

function softmax(logits: number[]): number[] {
  const exponentials = logits.map(Math.exp);
  const sum = exponentials.reduce((total, each) => total + each, 0);
  return exponentials.map((each) => each / sum);
}

const bytesOf = (numbers: Weights): Buffer =>
  Buffer.concat(
    [...numbers.values()].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );

function describeTenSteps<Own extends Trainer>(name: string, { open, take }: Way<Own>): void {
  /** Steps `from` to `to` of the reference case. */
  async function takeSteps(trainer: Own, from = 0, to = steps.length): Promise<Taken[]> {
    const taken: Taken[] = [];
    for (const [at, step] of steps.slice(from, to).entries())
      taken.push(await take(trainer, step, learningRates[from + at] ?? NaN));
    return taken;
  }

  describe(`ten steps ${name}`, () => {
    interface Expected {
      losses: number[];
      gradientNorms: number[];
      weights: Record<string, number[]>;
      averages: Record<string, number[]>;
    }
    const file = new URL('../../../pytorch/reference.json', import.meta.url);
    const expected = JSON.parse(readFileSync(file, 'utf8')) as Expected;

    /** The largest difference, as a part of the expected number. */
    const distance = (own: ArrayLike<number>, theirs: number[]): number => {
      expect(own.length).toBe(theirs.length);
      return theirs.reduce(
        (most, b, i) => Math.max(most, Math.abs((own[i] ?? NaN) - b) / Math.max(Math.abs(b), 1e-3)),
        0,
      );
    };

    it('give the losses and weights of PyTorch', async () => {
      const trainer = await open();
      const taken = await takeSteps(trainer);
      const of = (what: keyof Taken): number[] => taken.map((each) => each[what]);
      expect(distance(of('loss'), expected.losses)).toBeLessThan(1e-4);
      expect(distance(of('norm'), expected.gradientNorms)).toBeLessThan(1e-4);
      expect(Math.min(...expected.gradientNorms)).toBeGreaterThan(optimiser.clipNorm);
      const [own, averaged] = [await trainer.weights(), await trainer.averaged()];
      expect([...own.keys()]).toEqual(Object.keys(expected.weights));
      for (const [name, numbers] of own)
        expect(distance(numbers, expected.weights[name] ?? []), name).toBeLessThan(1e-4);
      for (const [name, numbers] of Object.entries(expected.averages))
        expect(distance(averaged.get(name) ?? [], numbers), name).toBeLessThan(1e-4);
      await trainer.release();
    });

    it('give the same bytes again, with a break as without', async () => {
      const [whole, first, second] = [await open(), await open(), await open()];
      await takeSteps(whole);
      await takeSteps(first, 0, 4);
      await second.restore(await first.state());
      await takeSteps(second, 4);
      expect((await second.state()).equals(await whole.state())).toBe(true);
      expect(bytesOf(await second.weights()).equals(bytesOf(await whole.weights()))).toBe(true);
      await Promise.all([whole, first, second].map((trainer) => trainer.release()));
    });

    it('change what is trained and nothing else', async () => {
      const trainer = await open();
      await takeSteps(trainer, 0, 1);
      for (const [name, numbers] of await trainer.weights()) {
        const isUnchanged = numbers.every((w, i) => w === weights.get(name)?.[i]);
        expect(isUnchanged, name).toBe(name.startsWith('frozen') || name.endsWith('.scale'));
      }
      await trainer.release();
    });
  });
}

describeTenSteps('in one pass', onePass);
describeTenSteps('in two passes', twoPasses);

it('the inference model computes what the forward pass does, for any batch', async () => {
  const trainer = await openTwoPasses();
  const { x, mask } = steps[0] ?? { x: new Float32Array(), mask: new Float32Array() };
  const wanted = await trainer.forward({ x, mask });
  const session = await openSession(inferenceModel(network, weights));
  for (const count of [batchSize, 1]) {
    const part = (data: Float32Array): Float32Array => data.subarray(0, (data.length / batchSize) * count);
    const results = await session.run({
      x: new Tensor('float32', part(x), [count, 3, 10, 10]),
      mask: new Tensor('float32', part(mask), [count, 8]),
    });
    for (const [name, numbers] of Object.entries(wanted)) {
      const own = results[name]?.data as Float32Array;
      expect(own.length).toBe(part(numbers).length);
      own.forEach((value, i) => expect(value).toBeCloseTo(numbers[i] ?? NaN, 4));
    }
  }
  await session.release();
  await trainer.release();
});

it('a float16 input is widened, and its gradient step is that of the same numbers in float32', async () => {
  const run = async (type: 'float16' | 'float32', data: Uint16Array | Float32Array): Promise<Buffer> => {
    const small = new Network();
    small.output('y', small.conv(small.input('x', [2, 2, 2], type), { name: 'conv', channels: 1, kernel: 1 }));
    const start: Weights = new Map([
      ['conv.weight', Float32Array.of(1, -2)],
      ['conv.bias', Float32Array.of(0.5)],
    ]);
    const all = { weights: start, trained: () => true, optimiser, batchSize: 1, threads: 1 };
    const trainer = await TwoPassTrainer.open({ network: small, ...all });
    const { y } = await trainer.forward({ x: data });
    await trainer.backward({ y: y ?? new Float32Array() }, 0.1);
    const bytes = bytesOf(await trainer.weights());
    await trainer.release();
    return bytes;
  };
  // 1, 2, 0.5, -1, 1.5, 0, 3, -0.25
  const halves = Uint16Array.of(0x3c00, 0x4000, 0x3800, 0xbc00, 0x3e00, 0, 0x4200, 0xb400);
  const floats = Float32Array.of(1, 2, 0.5, -1, 1.5, 0, 3, -0.25);
  expect((await run('float16', halves)).equals(await run('float32', floats))).toBe(true);
});

describe('a trainer refuses', () => {
  const refusals: [string, (trainer: TwoPassTrainer) => unknown, string][] = [
    ['an input that is too short', (t) => t.forward({ x: new Float32Array(5) }), 'x has 5 numbers instead of 1200'],
    ['a step without a forward pass', (t) => t.backward({}, 1), 'needs a forward pass before it'],
  ];
  it.each(refusals)('%s', async (_, call, message) => {
    const trainer = await openTwoPasses();
    await expect(call(trainer)).rejects.toThrow(message);
    await trainer.release();
  });

  it('targets that are too short', async () => {
    const trainer = await onePass.open();
    const { shares, presences, ...inputs } = steps[0] as (typeof steps)[number];
    const step = trainer.step(inputs, { logits: shares, presence: presences.subarray(1) }, 1);
    await expect(step).rejects.toThrow(`targets of presence has ${presences.length - 1} numbers instead of`);
    await trainer.release();
  });

  it('a loss of an output that the network does not have', async () => {
    const opening = OnePassTrainer.open({ ...options, losses: { logit: softmaxCrossEntropy } });
    await expect(opening).rejects.toThrow('The network has no output logit.');
  });

  it('the state of another network', async () => {
    const small = new Network();
    small.output('y', small.shift(small.input('x', [1]), { name: 'level' }));
    const start: Weights = new Map([['level', new Float32Array(1)]]);
    const other = await TwoPassTrainer.open({ ...options, network: small, weights: start });
    const trainer = await openTwoPasses();
    const restoring = trainer.restore(await other.state());
    await expect(restoring).rejects.toThrow('The state has 4 tensors; this network trains');
    await Promise.all([other.release(), trainer.release()]);
  });

  it('to train a parameter that no output depends on', async () => {
    const small = new Network();
    const x = small.input('x', [1]);
    small.shift(x, { name: 'lost' });
    small.output('y', small.shift(x, { name: 'level' }));
    const start: Weights = new Map(['lost', 'level'].map((name) => [name, new Float32Array(1)]));
    const opening = TwoPassTrainer.open({
      network: small,
      weights: start,
      trained: () => true,
      optimiser,
      batchSize,
      threads: 1,
    });
    await expect(opening).rejects.toThrow('No output depends on the parameters lost.');
  });
});
