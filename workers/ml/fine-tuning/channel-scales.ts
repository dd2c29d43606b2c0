import type { Weights } from '../trainer/network.ts';

/**
 * Weights as they train, and factors that give each filter back its own size (`name.scale`). Adam moves every number by the
 * learning rate, however small the number is, and folding batch norms in has made the filters of one layer up to forty times
 * as large as those of another; so each trains at the size at which its layer was learned.
 * @param filterSizes root mean square of a layer's filters, by its name
 */
export function splitScales(folded: Weights, filterSizes: Readonly<Record<string, number>>): Weights {
  const split: Weights = new Map();
  for (const [name, values] of folded) {
    const channels = folded.get(name.replace(/weight$/, 'bias'))?.length;
    if (!name.endsWith('.weight') || channels === undefined) {
      split.set(name, values);
      continue;
    }
    const scales = scalesOf(values, channels, sizeOf(filterSizes, name.replace(/\.weight$/, '')));
    const length = values.length / channels;
    split.set(name.replace(/weight$/, 'scale'), scales);
    split.set(
      name,
      values.map((value, i) => value / (scales[Math.floor(i / length)] as number)),
    );
  }
  return split;
}

function sizeOf(filterSizes: Readonly<Record<string, number>>, layer: string): number {
  const size = filterSizes[layer];
  if (size === undefined) throw new Error(`The size of the filters of ${layer} is not known.`);
  return size;
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
function scalesOf(weights: Float32Array, channels: number, learnedSize: number): Float32Array {
  const length = weights.length / channels;
  return Float32Array.from({ length: channels }, (_, channel) => {
    const own = weights.subarray(channel * length, (channel + 1) * length);
    const size = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / length);
    return size > 0 ? 2 ** Math.round(Math.log2(size / learnedSize)) : 1;
  });
}
