import type { Weights } from '../trainer/network.ts';

/**
 * Root mean square of a filter while it trains. In the weights that the backbones were made from, before their batch norms
 * were folded in, the median filter of every layer of Lite0's tail has between .05 and .19, most about .07; folded they run
 * from .01 to .5. Adam moves every number by the learning rate, however small the number is.
 */
const trainedSize = 0.07;

/** Weights as they train: each filter brought to one size, and the factor that gives it back its own (`name.scale`). */
export function splitScales(folded: Weights): Weights {
  const split: Weights = new Map();
  for (const [name, values] of folded) {
    const channels = folded.get(name.replace(/weight$/, 'bias'))?.length;
    if (!name.endsWith('.weight') || channels === undefined) {
      split.set(name, values);
      continue;
    }
    const scales = scalesOf(values, channels);
    const length = values.length / channels;
    split.set(name.replace(/weight$/, 'scale'), scales);
    split.set(
      name,
      values.map((value, i) => value / (scales[Math.floor(i / length)] as number)),
    );
  }
  return split;
}

/** The inverse: weights with their factors, as a prediction needs them. */
export function foldScales(split: Weights): Weights {
  const folded: Weights = new Map();
  for (const [name, values] of split) {
    if (name.endsWith('.scale')) continue;
    const scales = name.endsWith('.weight') ? split.get(name.replace(/weight$/, 'scale')) : undefined;
    const length = values.length / (scales?.length ?? 1);
    folded.set(name, scales ? values.map((value, i) => value * (scales[Math.floor(i / length)] as number)) : values);
  }
  return folded;
}

/** Powers of two, by which splitting and folding lose nothing. */
function scalesOf(weights: Float32Array, channels: number): Float32Array {
  const length = weights.length / channels;
  return Float32Array.from({ length: channels }, (_, channel) => {
    const own = weights.subarray(channel * length, (channel + 1) * length);
    const size = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / length);
    return size > 0 ? 2 ** Math.round(Math.log2(size / trainedSize)) : 1;
  });
}
