import { backwardGraph, learns, outputGradientName } from './learning-graphs.ts';
import { forwardGraph } from './forward-graph.ts';
import { gradientNormName } from './step-thread.ts';
import {
  openThread,
  Trainer,
  type InputTensors,
  type OutputTensors,
  type TrainerOptions,
  type TrainingThread,
} from './trainer.ts';

/** A step is `forward`, a loss and its gradient in plain code, `backward`. */
export class TwoPassTrainer extends Trainer {
  private forwardIsDone = false;

  private constructor(
    options: TrainerOptions,
    thread: TrainingThread,
    learning: readonly string[],
    /** Outputs of the network that depend on them. */
    private readonly gradientOutputs: readonly string[],
  ) {
    super(options, thread, learning);
  }

  static async open(options: TrainerOptions): Promise<TwoPassTrainer> {
    const { network, weights, batchSize } = options;
    const backward = backwardGraph({ ...options, batch: batchSize });
    const variable = (name: string): boolean => learns(options, name);
    const forward = forwardGraph({ network, weights, variable, batch: batchSize });
    const outputs = [...network.outputs.values()];
    for (const { name, shape } of new Set([...outputs, ...backward.kept])) forward.output(name, [batchSize, ...shape]);
    const plan = { file: forward.toOnnx(), outputs: outputs.map(({ name }) => name) };
    const thread = await openThread(options, backward, plan);
    return new TwoPassTrainer(options, thread, backward.trained, backward.outputs);
  }

  async forward(inputs: InputTensors): Promise<OutputTensors> {
    const values = (await this.thread.run(this.networkInputs(inputs), { name: 'forward' })) as OutputTensors;
    this.forwardIsDone = true;
    const { outputs } = this.options.network;
    return Object.fromEntries([...outputs].map(([name, value]) => [name, values[value.name] as Float32Array]));
  }

  /**
   * One step of AdamW with the gradient that the last `forward` gives.
   * @param outputGradients of every output that depends on a trained parameter
   */
  async backward(outputGradients: OutputTensors, learningRate: number): Promise<{ gradientNorm: number }> {
    if (!this.forwardIsDone) throw new Error('A backward pass needs a forward pass before it.');
    this.forwardIsDone = false;
    const given = { what: 'gradient', nameOf: outputGradientName };
    const inputs = this.forOutputs(this.gradientOutputs, outputGradients, given);
    const { [gradientNormName]: gradientNorm = NaN } = await this.takeStep(inputs, learningRate);
    return { gradientNorm };
  }

  override async restore(bytes: Buffer): Promise<void> {
    await super.restore(bytes);
    this.forwardIsDone = false;
  }
}
