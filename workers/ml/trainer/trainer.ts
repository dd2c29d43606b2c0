import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { readTensorFile, writeTensorFile, type NamedTensor } from '../tensor-file.ts';
import { backwardGraph, outputGradientName, type BackwardGraph } from './backward-graph.ts';
import { forwardGraph } from './forward-graph.ts';
import { sizeOf, weightOf, type Network, type Value, type Weights } from './network.ts';
import {
  gradientNormName,
  nextName,
  stateName,
  stepNumbers,
  type OptimiserOptions,
  type StateKind,
} from './optimiser.ts';
import { floats, halvesTensor, openSession } from '../session.ts';

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

/** The same state before and after the step: the graph reads one and writes the other, then they change places. */
interface StateTensor {
  parameter: string;
  kind: StateKind;
  current: Tensor;
  next: Tensor;
}

/**
 * Trains a network step by step: `forward`, a loss and its gradient in plain code, `backward`.
 * Everything that passes between the two graphs or from step to step lies in memory that onnxruntime writes to directly.
 */
export class Trainer {
  private readonly options: TrainerOptions;
  private readonly forwardSession: InferenceSession;
  private readonly backwardSession: InferenceSession;
  private readonly outputs: ReadonlyMap<string, Value>;
  private readonly gradientOutputs: string[];
  /** By the value's name: what `forward` writes for its caller and for `backward`. */
  private readonly written: Record<string, Tensor>;
  private readonly keptNames: string[];
  private readonly stateTensors: StateTensor[];
  private readonly norm = floatTensor([]);
  private stepsDone = 0;
  private forwardIsDone = false;

  private constructor(
    options: TrainerOptions,
    sessions: [forward: InferenceSession, backward: InferenceSession],
    { kept, outputs, trained }: BackwardGraph,
  ) {
    const { network, batchSize } = options;
    this.options = options;
    [this.forwardSession, this.backwardSession] = sessions;
    this.outputs = network.outputs;
    this.gradientOutputs = outputs;
    this.keptNames = kept.map(({ name }) => name);
    const values = [...network.outputs.values(), ...kept];
    this.written = Object.fromEntries(values.map(({ name, shape }) => [name, floatTensor([batchSize, ...shape])]));
    this.stateTensors = trained.flatMap((parameter) => stateTensors(options, parameter));
  }

  static async open(options: TrainerOptions): Promise<Trainer> {
    const { network, weights, trained, batchSize, threads } = options;
    const backward = backwardGraph({ ...options, batch: batchSize });
    const variable = (name: string): boolean => trained(name) && !network.isFixed(name);
    const forward = forwardGraph({ network, weights, variable, batch: batchSize });
    for (const { name, shape } of new Set([...network.outputs.values(), ...backward.kept]))
      forward.output(name, [batchSize, ...shape]);
    const forwardSession = await openSession(forward.toOnnx(), threads);
    const backwardSession = await openSession(backward.graph.toOnnx(), threads);
    return new Trainer(options, [forwardSession, backwardSession], backward);
  }

  /** The outputs are good until the next call of `forward`. */
  async forward(inputs: InputTensors): Promise<OutputTensors> {
    const feeds = { ...this.inputFeeds(inputs), ...this.weightFeeds() };
    await this.forwardSession.run(feeds, this.written);
    this.forwardIsDone = true;
    return Object.fromEntries([...this.outputs].map(([name, value]) => [name, floats(this.written[value.name])]));
  }

  /**
   * One step of AdamW with the gradient that the last `forward` gives.
   * @param outputGradients of every output that depends on a trained parameter
   */
  async backward(outputGradients: OutputTensors, learningRate: number): Promise<{ gradientNorm: number }> {
    if (!this.forwardIsDone) throw new Error('A backward pass needs a forward pass before it.');
    this.forwardIsDone = false;
    const numbers = stepNumbers(this.options.optimiser, learningRate, this.stepCount + 1);
    const fetches: Record<string, Tensor> = { [gradientNormName]: this.norm };
    const feeds: Record<string, Tensor> = this.gradientFeeds(outputGradients);
    for (const name of this.keptNames) feeds[name] = this.written[name] as Tensor;
    for (const [name, number] of Object.entries(numbers)) feeds[name] = new Tensor('float32', [number], []);
    for (const { parameter, kind, current, next } of this.stateTensors) {
      feeds[stateName(parameter, kind)] = current;
      fetches[nextName(parameter, kind)] = next;
    }
    await this.backwardSession.run(feeds, fetches);
    for (const tensor of this.stateTensors) [tensor.current, tensor.next] = [tensor.next, tensor.current];
    this.stepsDone++;
    return { gradientNorm: floats(this.norm)[0] ?? NaN };
  }

  /** Steps done, those before a restored state included. */
  get stepCount(): number {
    return this.stepsDone;
  }

  /** A copy of every parameter. */
  weights(): Weights {
    return this.parameters('weight');
  }

  /** The same with the moving averages; the weights themselves if none are kept. */
  averaged(): Weights {
    return this.parameters(this.options.average === undefined ? 'weight' : 'average');
  }

  /** Everything that the next steps depend on: a trainer of the same options that restores it goes on with the same bytes. */
  state(): Buffer {
    const tensors = this.stateTensors.map(({ parameter, kind, current }): [string, NamedTensor] => [
      stateName(parameter, kind),
      { shape: current.dims, data: floats(current) },
    ]);
    return writeTensorFile({ step: this.stepCount }, new Map(tensors));
  }

  restore(state: Buffer): void {
    const { header, tensors } = readTensorFile(state);
    if (tensors.size !== this.stateTensors.length)
      throw new Error(`The state has ${tensors.size} tensors; this network trains ${this.stateTensors.length}.`);
    const found = this.stateTensors.map(({ parameter, kind, current }) => {
      const data = tensors.get(stateName(parameter, kind))?.data;
      if (data?.length !== current.size) throw new Error(`The state of ${parameter} is of another network.`);
      return { current, data };
    });
    for (const { current, data } of found) floats(current).set(data);
    this.stepsDone = Number(header['step']);
    this.forwardIsDone = false;
  }

  async release(): Promise<void> {
    await this.forwardSession.release();
    await this.backwardSession.release();
  }

  private inputFeeds(inputs: InputTensors): Record<string, Tensor> {
    const { network, batchSize } = this.options;
    const feeds = [...network.inputs].map(([name, { value, type }]): [string, Tensor] => {
      const data = inputs[name];
      const length = batchSize * sizeOf(value.shape);
      if (data?.length !== length)
        throw new RangeError(`The input ${name} has ${data?.length ?? 0} numbers instead of ${length}.`);
      const dims = [batchSize, ...value.shape];
      if (type === 'float16') return [name, halvesTensor(data as Uint16Array, dims)];
      return [name, new Tensor('float32', data as Float32Array, dims)];
    });
    return Object.fromEntries(feeds);
  }

  private weightFeeds(): Record<string, Tensor> {
    const weights = this.stateTensors.filter(({ kind }) => kind === 'weight');
    return Object.fromEntries(weights.map(({ parameter, current }) => [parameter, current]));
  }

  private gradientFeeds(gradients: OutputTensors): Record<string, Tensor> {
    const feeds = this.gradientOutputs.map((output): [string, Tensor] => {
      const shape = [this.options.batchSize, ...(this.outputs.get(output)?.shape ?? [])];
      const data = gradients[output];
      if (data?.length !== sizeOf(shape))
        throw new RangeError(`The gradient of ${output} has ${data?.length ?? 0} numbers instead of ${sizeOf(shape)}.`);
      return [outputGradientName(output), new Tensor('float32', data, shape)];
    });
    return Object.fromEntries(feeds);
  }

  private parameters(wanted: StateKind): Weights {
    const learned = new Map(
      this.stateTensors.flatMap(({ parameter, kind, current }) =>
        kind === wanted ? [[parameter, floats(current)] as const] : [],
      ),
    );
    const names = [...this.options.network.parameters().keys()];
    return new Map(names.map((name) => [name, (learned.get(name) ?? weightOf(this.options.weights, name)).slice()]));
  }
}

/** The moving averages of AdamW start at zero, that of the weight at the weight. */
function stateTensors({ network, weights, average }: TrainerOptions, parameter: string): StateTensor[] {
  const shape = [sizeOf(network.parameters().get(parameter) ?? [])];
  const kinds: StateKind[] = ['weight', 'mean', 'square', ...(average === undefined ? [] : ['average' as const])];
  return kinds.map((kind) => {
    const current = floatTensor(shape);
    if (kind === 'weight' || kind === 'average') floats(current).set(weightOf(weights, parameter));
    return { parameter, kind, current, next: floatTensor(shape) };
  });
}

function floatTensor(dims: readonly number[]): Tensor {
  return new Tensor('float32', new Float32Array(sizeOf(dims)), dims);
}
