import { Piscina } from 'piscina';
import { readTensorFile, writeTensorFile, type NamedTensor } from '../tensor-file.ts';
import { backwardGraph, outputGradientName } from './backward-graph.ts';
import { forwardGraph } from './forward-graph.ts';
import { sizeOf, weightOf, type Network, type Weights } from './network.ts';
import { stateName, stepNumbers, type OptimiserOptions, type StateKind } from './optimiser.ts';
import type { State, StepInput, StepInputs, StepPlan } from './step-thread.ts';

export interface TrainerOptions {
  network: Network;
  /** Of every parameter; copied. */
  weights: Weights;
  /** Which parameters learn; the others are constants, and nothing is kept or computed for their gradient. */
  trained: (parameter: string) => boolean;
  optimiser: OptimiserOptions;
  /** Keeps a moving average of the weights that forgets by this factor at each step. */
  average?: number;
  batchSize: number;
  threads: number;
}

/** Inputs and outputs by name, [batchSize, ...shape]. */
export type InputTensors = Record<string, Float32Array | Uint16Array>;
export type OutputTensors = Record<string, Float32Array>;

/**
 * Trains a network step by step: `forward`, a loss and its gradient in plain code, `backward`.
 *
 * The steps are taken in a thread of their own. onnxruntime-node copies all that a graph gives into new memory, some 50 MB a
 * step for a detector, and JavaScript goes through all of its objects to find what of that is free again: that thread has next
 * to no objects, others have tens of megabytes.
 */
export class Trainer {
  private stepsDone = 0;
  private forwardIsDone = false;

  private constructor(
    private readonly options: TrainerOptions,
    private readonly thread: Piscina<unknown, unknown>,
    /** Parameters that learn. */
    private readonly learning: readonly string[],
    /** Outputs of the network that depend on them. */
    private readonly gradientOutputs: readonly string[],
  ) {}

  static async open(options: TrainerOptions): Promise<Trainer> {
    const { network, weights, trained, batchSize, threads } = options;
    const backward = backwardGraph({ ...options, batch: batchSize });
    const variable = (name: string): boolean => trained(name) && !network.isFixed(name);
    const forward = forwardGraph({ network, weights, variable, batch: batchSize });
    for (const { name, shape } of new Set([...network.outputs.values(), ...backward.kept]))
      forward.output(name, [batchSize, ...shape]);
    const plan: StepPlan = {
      forward: forward.toOnnx(),
      backward: backward.graph.toOnnx(),
      threads,
      outputs: [...network.outputs.values()].map(({ name }) => name),
      state: Object.fromEntries(backward.trained.flatMap((parameter) => firstState(options, parameter))),
    };
    const thread = new Piscina<unknown, unknown>({
      filename: new URL('./step-thread.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
    });
    await thread.run(plan, { name: 'open' }).catch(async (error: unknown) => {
      await thread.destroy();
      throw error;
    });
    return new Trainer(options, thread, backward.trained, backward.outputs);
  }

  async forward(inputs: InputTensors): Promise<OutputTensors> {
    const { network } = this.options;
    const values = (await this.thread.run(this.networkInputs(inputs), { name: 'forward' })) as OutputTensors;
    this.forwardIsDone = true;
    return Object.fromEntries([...network.outputs].map(([name, value]) => [name, values[value.name] as Float32Array]));
  }

  /**
   * One step of AdamW with the gradient that the last `forward` gives.
   * @param outputGradients of every output that depends on a trained parameter
   */
  async backward(outputGradients: OutputTensors, learningRate: number): Promise<{ gradientNorm: number }> {
    if (!this.forwardIsDone) throw new Error('A backward pass needs a forward pass before it.');
    this.forwardIsDone = false;
    const inputs = this.gradientInputs(outputGradients);
    const numbers = stepNumbers(this.options.optimiser, learningRate, this.stepCount + 1);
    for (const [name, number] of Object.entries(numbers)) inputs[name] = { data: Float32Array.of(number), dims: [] };
    const gradientNorm = (await this.thread.run(inputs, { name: 'backward' })) as number;
    this.stepsDone++;
    return { gradientNorm };
  }

  /** Steps done, those before a restored state included. */
  get stepCount(): number {
    return this.stepsDone;
  }

  /** A copy of every parameter. */
  weights(): Promise<Weights> {
    return this.parameters('weight');
  }

  /** The same with the moving averages; the weights themselves if none are kept. */
  averaged(): Promise<Weights> {
    return this.parameters(this.options.average === undefined ? 'weight' : 'average');
  }

  /** Everything that the next steps depend on: a trainer of the same options that restores it goes on with the same bytes. */
  async state(): Promise<Buffer> {
    const tensors = Object.entries(await this.readState()).map(([name, data]): [string, NamedTensor] => [
      name,
      { shape: [data.length], data },
    ]);
    return writeTensorFile({ step: this.stepCount }, new Map(tensors));
  }

  async restore(bytes: Buffer): Promise<void> {
    const { header, tensors } = readTensorFile(bytes);
    const current = this.learning.flatMap((parameter) => firstState(this.options, parameter));
    if (tensors.size !== current.length)
      throw new Error(`The state has ${tensors.size} tensors; this network trains ${current.length}.`);
    const state = current.map(([name, { length }]): [string, Float32Array] => {
      const data = tensors.get(name)?.data;
      if (data?.length !== length) throw new Error(`The state ${name} is of another network.`);
      return [name, data];
    });
    await this.thread.run(Object.fromEntries(state), { name: 'writeState' });
    this.stepsDone = Number(header['step']);
    this.forwardIsDone = false;
  }

  /** Waits for a step under way: a thread that is ended inside the runtime takes the process with it. */
  release(): Promise<void> {
    return this.thread.close();
  }

  private networkInputs(inputs: InputTensors): StepInputs {
    const { network, batchSize } = this.options;
    const checked = [...network.inputs].map(([name, { value }]): [string, StepInput] => {
      const dims = [batchSize, ...value.shape];
      return [name, { dims, data: ofLength(inputs[name], sizeOf(dims), `input ${name}`) }];
    });
    return Object.fromEntries(checked);
  }

  private gradientInputs(gradients: OutputTensors): StepInputs {
    const { network, batchSize } = this.options;
    const checked = this.gradientOutputs.map((output): [string, StepInput] => {
      const dims = [batchSize, ...(network.outputs.get(output)?.shape ?? [])];
      return [
        outputGradientName(output),
        { dims, data: ofLength(gradients[output], sizeOf(dims), `gradient of ${output}`) },
      ];
    });
    return Object.fromEntries(checked);
  }

  private async readState(): Promise<State> {
    return (await this.thread.run(undefined, { name: 'readState' })) as State;
  }

  private async parameters(wanted: StateKind): Promise<Weights> {
    const { network, weights } = this.options;
    const state = await this.readState();
    const learned = new Map(this.learning.map((parameter) => [parameter, state[stateName(parameter, wanted)]]));
    const names = [...network.parameters().keys()];
    return new Map(names.map((name) => [name, learned.get(name) ?? weightOf(weights, name).slice()]));
  }
}

/** The moving averages of AdamW start at zero, that of the weight at the weight. */
function firstState({ network, weights, average }: TrainerOptions, parameter: string): [string, Float32Array][] {
  const length = sizeOf(network.parameters().get(parameter) ?? []);
  const kinds: StateKind[] = ['weight', 'mean', 'square', ...(average === undefined ? [] : ['average' as const])];
  return kinds.map((kind) => {
    const isWeight = kind === 'weight' || kind === 'average';
    return [stateName(parameter, kind), isWeight ? weightOf(weights, parameter) : new Float32Array(length)];
  });
}

function ofLength<Data extends { length: number }>(data: Data | undefined, length: number, what: string): Data {
  if (data?.length !== length)
    throw new RangeError(`The ${what} has ${data?.length ?? 0} numbers instead of ${length}.`);
  return data;
}
