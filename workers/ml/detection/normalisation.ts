import type { Tensor } from 'onnxruntime-node';
import { halvesTensor, openSession } from '../session.ts';
import { inferenceModel } from '../trainer/inference-model.ts';
import type { Weights } from '../trainer/network.ts';
import { expandedChannels, expansionNetwork } from './head-network.ts';
import { levels, type View } from './view-pack.ts';

/** Added to each deviation, so that a channel that never speaks is not blown up. */
const leastDeviation = 1e-3;

/** Inputs of a network over cached maps, for any number of views; of the finest levels only when views have no more. */
export function mapTensors(views: readonly (readonly Uint16Array[])[], inputSize: number): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(mapInputs(views)).map(([name, halves], l) => {
      const { channels, stride } = levels[l] as (typeof levels)[number];
      const side = inputSize / stride;
      return [name, halvesTensor(halves, [views.length, channels, side, side])];
    }),
  );
}

/** The maps of several views, laid one behind the other. */
export function mapInputs(views: readonly (readonly Uint16Array[])[]): Record<string, Uint16Array> {
  const [first = []] = views;
  return Object.fromEntries(
    first.map(({ length }, l) => {
      const joined = new Uint16Array(length * views.length);
      views.forEach((maps, i) => joined.set(maps[l] as Uint16Array, i * length));
      return [`stride${levels[l]?.stride ?? 0}`, joined];
    }),
  );
}

/**
 * Weights of the normalisation: every expanded channel gets mean 0 and deviation 1 over these views.
 * @param expansion weights of the frozen expansions
 */
export async function fitNormalisation(
  views: AsyncIterable<View['maps']>,
  inputSize: number,
  expansion: Weights,
  threads: number,
): Promise<Weights> {
  const session = await openSession(inferenceModel(expansionNetwork(inputSize), expansion), threads);
  const sums = expandedChannels.map((channels) => new ChannelSums(channels));
  try {
    for await (const maps of views) {
      const outputs = await session.run(mapTensors([maps], inputSize));
      levels.forEach(({ stride }, l) => sums[l]?.add(outputs[`expanded${stride}`]?.data as Float32Array));
    }
  } finally {
    await session.release();
  }
  return new Map(levels.flatMap(({ stride }, l) => [...(sums[l] as ChannelSums).weights(`normalise${stride}`)]));
}

class ChannelSums {
  private readonly sum: Float64Array;
  private readonly squares: Float64Array;
  private count = 0;

  constructor(private readonly channels: number) {
    this.sum = new Float64Array(channels);
    this.squares = new Float64Array(channels);
  }

  add(map: Float32Array): void {
    const cells = map.length / this.channels;
    this.count += cells;
    for (let c = 0; c < this.channels; c++) {
      let [sum, squares] = [0, 0];
      for (let i = c * cells; i < (c + 1) * cells; i++) {
        const value = map[i] as number;
        sum += value;
        squares += value * value;
      }
      this.sum[c] = (this.sum[c] as number) + sum;
      this.squares[c] = (this.squares[c] as number) + squares;
    }
  }

  weights(name: string): Weights {
    const mean = this.sum.map((sum) => sum / this.count);
    const factor = Float32Array.from(this.squares, (squares, c) => {
      const variance = squares / this.count - (mean[c] as number) ** 2;
      return 1 / (Math.sqrt(Math.max(0, variance)) + leastDeviation);
    });
    return new Map([
      [`${name}.weight`, factor],
      [`${name}.bias`, factor.map((f, c) => -f * (mean[c] as number))],
    ]);
  }
}
