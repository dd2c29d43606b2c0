import type { Network, Weights } from './network.ts';

export interface OptimiserOptions {
  beta1: number;
  beta2: number;
  /** Decoupled from the gradient (Loshchilov and Hutter, arXiv 1711.05101); biases and shifts are not decayed. */
  weightDecay: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** The gradient of all parameters together is shortened to this length. */
  clipNorm?: number;
}

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

/** Trains a network step by step: `forward`, a loss and its gradient in plain code, `backward`. */
export declare class Trainer {
  static open(options: TrainerOptions): Promise<Trainer>;
  /** The outputs are good until the next call of `forward`. */
  forward(inputs: InputTensors): Promise<OutputTensors>;
  /**
   * One step of AdamW with the gradient that the last `forward` gives.
   * @param outputGradients of every output; an output that is left out has none
   */
  backward(outputGradients: OutputTensors, learningRate: number): Promise<{ gradientNorm: number }>;
  /** A copy of every parameter. */
  weights(): Weights;
  /** The same with the moving averages; the weights themselves if none are kept. */
  averaged(): Weights;
  /** Everything that the next steps depend on: equal trainers that restore it go on with the same bytes. */
  state(): Buffer;
  restore(state: Buffer): void;
  release(): Promise<void>;
}
