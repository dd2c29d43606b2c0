import { lossName, targetsName, wholeGraph } from './learning-graphs.ts';
import type { Loss } from './losses.ts';
import { gradientNormName } from './step-thread.ts';
import {
  openThread,
  Trainer,
  type InputTensors,
  type OutputTensors,
  type TrainerOptions,
  type TrainingThread,
} from './trainer.ts';

/** The loss of each output that has one; the step goes down their sum. */
export type Losses = Readonly<Record<string, Loss>>;

/** A step is one graph with the loss in it: no map of the forward pass has to leave the runtime. */
export class OnePassTrainer extends Trainer {
  private constructor(
    options: TrainerOptions,
    thread: TrainingThread,
    learning: readonly string[],
    private readonly losses: Losses,
  ) {
    super(options, thread, learning);
  }

  static async open(options: TrainerOptions & { losses: Losses }): Promise<OnePassTrainer> {
    const { losses, batchSize } = options;
    const whole = wholeGraph({ ...options, batch: batchSize }, losses);
    return new OnePassTrainer(options, await openThread(options, whole), whole.trained, losses);
  }

  /**
   * One step of AdamW.
   * @param targets of every output that has a loss
   * @returns the loss before the step
   */
  async step(
    inputs: InputTensors,
    targets: OutputTensors,
    learningRate: number,
  ): Promise<{ loss: number; gradientNorm: number }> {
    const given = { what: 'targets', nameOf: targetsName };
    const all = { ...this.networkInputs(inputs), ...this.forOutputs(Object.keys(this.losses), targets, given) };
    const { [lossName]: loss = NaN, [gradientNormName]: gradientNorm = NaN } = await this.takeStep(all, learningRate);
    return { loss, gradientNorm };
  }
}
