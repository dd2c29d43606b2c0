import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describeNetwork } from './pytorch/description.ts';
import { backbones } from '../workers/ml/backbones/registry.ts';
import { headNetwork, isTrained } from '../workers/ml/detection/head-network.ts';
import { backboneGraph } from '../workers/ml/backbones/backbone-graph.ts';
import { trainingNetwork } from '../workers/ml/fine-tuning/tail-network.ts';
import { seededRandom } from '../workers/ml/random.ts';
import { sizeOf, type Network, type Weights } from '../workers/ml/trainer/network.ts';
import { softmaxCrossEntropy } from '../workers/ml/trainer/losses.ts';
import { OnePassTrainer } from '../workers/ml/trainer/one-pass-trainer.ts';
import type { InputTensors, OutputTensors, TrainerOptions } from '../workers/ml/trainer/trainer.ts';
import { TwoPassTrainer } from '../workers/ml/trainer/two-pass-trainer.ts';
import { median, printTable } from './report.ts';

const threads = 2;
const optimiser = { beta1: 0.9, beta2: 0.99, weightDecay: 0.01, clipNorm: 10 };

interface Case {
  name: string;
  network: Network;
  trained: (parameter: string) => boolean;
  batchSize: number;
  /** What the product goes down: a loss of its `logits` in the graph, or one in plain code, whose gradient is given here. */
  loss: 'softmaxCrossEntropy' | 'given gradients';
}

async function cases(): Promise<Case[]> {
  const tail = trainingNetwork(await backboneGraph(backbones['efficientnet-lite0']), 10);
  const head = headNetwork({ inputSize: 320, headWidth: 64, heads: 1, tagCount: 6 }, { isFolded: false });
  const learns = (name: string): boolean => !tail.isFixed(name);
  return [
    {
      name: 'detection head, 320 px, batch 8',
      network: head,
      trained: isTrained,
      batchSize: 8,
      loss: 'given gradients',
    },
    ...[16, 32].map((batchSize): Case => ({
      name: `Lite0 from stride 8, batch ${batchSize}`,
      network: tail,
      trained: learns,
      batchSize,
      loss: 'softmaxCrossEntropy',
    })),
  ];
}

/** Both in milliseconds of one step; those of all processors together tell more while others work on the machine. */
interface Taken {
  elapsedMs: number;
  processorMs: number;
}

interface Side {
  run(steps: number): Promise<Taken>;
  stop(): Promise<void>;
}

async function ours({ network, trained, batchSize, loss }: Case): Promise<Side> {
  const random = seededRandom(1);
  const numbers = (length: number, size: number): Float32Array =>
    Float32Array.from({ length }, () => (random() - 0.5) * size);
  const weights: Weights = new Map(
    [...network.parameters()].map(([name, shape]) => [name, numbers(sizeOf(shape), 0.2)]),
  );
  const inputs: InputTensors = {};
  for (const [name, { value, type }] of network.inputs) {
    const length = batchSize * sizeOf(value.shape);
    // As float16, these bits are numbers between 0 and 1.
    inputs[name] = type === 'float16' ? Uint16Array.from({ length }, () => random() * 0x3c00) : numbers(length, 2);
  }
  const options = { network, weights, trained, optimiser, batchSize, threads };
  const ofOutputs = (size: number): OutputTensors =>
    Object.fromEntries(
      [...network.outputs].map(([name, { shape }]) => [name, numbers(batchSize * sizeOf(shape), size)]),
    );
  const { takeStep, release } =
    loss === 'given gradients'
      ? await inTwoPasses(options, inputs, ofOutputs(1e-3))
      : await inOnePass(options, inputs, ofOutputs(1));
  return {
    async run(steps) {
      const [startedMs, before] = [performance.now(), process.cpuUsage()];
      for (let i = 0; i < steps; i++) await takeStep();
      const { user, system } = process.cpuUsage(before);
      return { elapsedMs: (performance.now() - startedMs) / steps, processorMs: (user + system) / 1000 / steps };
    },
    stop: release,
  };
}

interface Steps {
  takeStep: () => Promise<unknown>;
  release: () => Promise<void>;
}

async function inTwoPasses(options: TrainerOptions, inputs: InputTensors, gradients: OutputTensors): Promise<Steps> {
  const trainer = await TwoPassTrainer.open(options);
  const takeStep = async (): Promise<void> => {
    await trainer.forward(inputs);
    await trainer.backward(gradients, 1e-4);
  };
  return { takeStep, release: () => trainer.release() };
}

async function inOnePass(options: TrainerOptions, inputs: InputTensors, targets: OutputTensors): Promise<Steps> {
  const trainer = await OnePassTrainer.open({ ...options, losses: { logits: softmaxCrossEntropy } });
  return { takeStep: () => trainer.step(inputs, targets, 1e-4), release: () => trainer.release() };
}

async function pytorch({ network, trained, batchSize, loss }: Case): Promise<Side> {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-bench-'));
  const file = join(folder, 'case.json');
  const names = [...network.parameters().keys()].filter((name) => trained(name) && !network.isFixed(name));
  const facts = { network: describeNetwork(network), trained: names, optimiser, batchSize, threads, loss };
  await writeFile(file, JSON.stringify(facts));
  const [python, script] = ['../infra/python.sh', './pytorch/train-step.py'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  ) as [string, string];
  const child = spawn(python, [script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(steps) {
      child.stdin.write(`${steps}\n`);
      const line = await lines.next();
      if (line.done) throw new Error('PyTorch has stopped.');
      const [elapsedS = NaN, processorS = NaN] = line.value.split(' ').map(Number);
      return { elapsedMs: (elapsedS * 1000) / steps, processorMs: (processorS * 1000) / steps };
    },
    async stop() {
      child.stdin.end();
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

/** The time of a training step, forward, backward and AdamW, beside PyTorch's on the same threads; in turns. */
export async function benchTrainStep({ smoke }: { smoke: boolean }): Promise<void> {
  const [rounds, turnMs] = smoke ? [1, 0] : [9, 1500];
  const rows: string[][] = [];
  for (const each of await cases()) {
    const sides = [await ours(each), await pytorch(each)] as const;
    const taken: [Taken, Taken][] = [];
    const warm = await sides[0].run(2);
    await sides[1].run(2);
    const steps = Math.max(1, Math.round(turnMs / warm.elapsedMs));
    for (let round = 0; round < rounds; round++) taken.push([await sides[0].run(steps), await sides[1].run(steps)]);
    for (const side of sides) await side.stop();
    rows.push([each.name, ...compared(taken, 'elapsedMs'), ...compared(taken, 'processorMs')]);
  }
  const columns = (time: string): string[] => [`${time} ms`, `PyTorch, ${time} ms`, `median ratio, ${time}`];
  printTable(['network', ...columns('elapsed'), ...columns('processor')], rows);
  console.log('\nthe aim is a ratio of 1.0 or less');
}

function compared(taken: [Taken, Taken][], time: keyof Taken): string[] {
  const own = median(taken.map(([side]) => side[time]));
  const theirs = median(taken.map(([, side]) => side[time]));
  const ratio = median(taken.map(([one, other]) => one[time] / other[time]));
  return [own.toFixed(0), theirs.toFixed(0), ratio.toFixed(2)];
}
