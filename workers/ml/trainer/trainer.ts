import { Piscina } from 'piscina';
import { readTensorFile, writeTensorFile, type NamedTensor } from '../tensor-file.ts';
import type { LearningGraph } from './learning-graphs.ts';
import { sizeOf, weightOf, type Network, type Weights } from './network.ts';
import { stateName, stepNumbers, type OptimiserOptions, type StateKind } from './optimiser.ts';
import type { State, StepInput, StepInputs, StepPlan } from './step-thread.ts';

export interface TrainerOptions {
  network: Network;
  /** Initial weights of every parameter; copied. */
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

/** A thread that has opened the graphs of a training. */
export type TrainingThread = Piscina<unknown, unknown>;

/**
 * Trains a network step by step; how a step is taken is up to `OnePassTrainer` and `TwoPassTrainer`.
 *
 * The steps are taken in a thread of their own. onnxruntime-node copies all that a graph gives into new memory, some 50 MB a
 * step for a detector, and JavaScript goes through all of its objects to find what of that is free again: that thread has next
 * to no objects, others have tens of megabytes.
 */
export abstract class Trainer {
  private stepsDone = 0;

  /** @param learning parameters that learn */
  protected constructor(
    protected readonly options: TrainerOptions,
    protected readonly thread: TrainingThread,
    private readonly learning: readonly string[],
  ) {}

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
  }

  /** Waits for a step under way: a thread that is ended inside the runtime takes the process with it. */
  release(): Promise<void> {
    return this.thread.close();
  }

  /** One step of AdamW, with whatever inputs the graph takes beside its numbers. */
  protected async takeStep(inputs: StepInputs, learningRate: number): Promise<Record<string, number>> {
    const numbers = stepNumbers(this.options.optimiser, learningRate, this.stepCount + 1);
    const all = { ...inputs };
    for (const [name, number] of Object.entries(numbers)) all[name] = { data: Float32Array.of(number), dims: [] };
    const results = (await this.thread.run(all, { name: 'step' })) as Record<string, number>;
    this.stepsDone++;
    return results;
  }

  /** What the step takes for outputs of the network, such as their targets, each as long as its output. */
  protected forOutputs(
    outputs: readonly string[],
    given: OutputTensors,
    { what, nameOf }: { what: string; nameOf: (output: string) => string },
  ): StepInputs {
    const checked = outputs.map((output): [string, StepInput] => {
      const shape = this.options.network.outputs.get(output)?.shape ?? [];
      return [nameOf(output), this.batchOf(given[output], shape, `${what} of ${output}`)];
    });
    return Object.fromEntries(checked);
  }

  protected networkInputs(inputs: InputTensors): StepInputs {
    const checked = [...this.options.network.inputs].map(([name, { value }]): [string, StepInput] => [
      name,
      this.batchOf(inputs[name], value.shape, `input ${name}`),
    ]);
    return Object.fromEntries(checked);
  }

  /** @throws RangeError if the data are not as long as the whole batch is */
  private batchOf(data: StepInput['data'] | undefined, shape: readonly number[], what: string): StepInput {
    const dims = [this.options.batchSize, ...shape];
    if (data?.length !== sizeOf(dims))
      throw new RangeError(`The ${what} has ${data?.length ?? 0} numbers instead of ${sizeOf(dims)}.`);
    return { dims, data };
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

/** @param forward what comes before a step, if its graph does not have that */
export async function openThread(
  options: TrainerOptions,
  { graph, trained, numbers }: LearningGraph,
  forward?: StepPlan['forward'],
): Promise<TrainingThread> {
  const plan: StepPlan = {
    ...(forward ? { forward } : {}),
    step: graph.toOnnx(),
    numbers,
    threads: options.threads,
    state: Object.fromEntries(trained.flatMap((parameter) => firstState(options, parameter))),
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
  return thread;
}
