import { Network, type Value, type Weights } from '../trainer/network.ts';
import { levels } from './view-pack.ts';

/** Channels after the frozen expansions that the backbone itself goes on with: blocks 5 and 11, and the head convolution. */
export const expandedChannels = [240, 672, 1280] as const;

export interface HeadShape {
  inputSize: number;
  headWidth: number;
  tagCount: number;
}

/** Only the frozen part: cached block outputs to expanded maps, named `expanded8`, `expanded16` and `expanded32`. */
export function expansionNetwork(inputSize: number): Network {
  const network = new Network();
  expandedMaps(network, inputSize).forEach((map, l) => network.output(`expanded${strideOf(l)}`, map));
  return network;
}

/**
 * The head that learns: a pyramid over the frozen, normalised maps, one tower for all levels, tags and distances of each cell.
 * @param options.isFolded whether the normalisation has been folded into the laterals, as `foldNormalisation` does
 */
export function headNetwork({ inputSize, headWidth, tagCount }: HeadShape, options: { isFolded: boolean }): Network {
  const network = new Network();
  const maps = expandedMaps(network, inputSize);
  const laterals = maps.map((map, l) => {
    const normalised = options.isFolded ? map : normalise(network, map, l);
    return network.relu(network.conv(normalised, { name: `lateral${strideOf(l)}`, channels: headWidth, kernel: 1 }));
  });
  for (const [l, map] of topDown(network, laterals).entries()) {
    const smooth = network.relu(network.conv(map, { name: `smooth${strideOf(l)}`, channels: headWidth, kernel: 3 }));
    const tower = network.relu(network.conv(smooth, { name: 'tower', channels: headWidth, kernel: 3 }));
    network.output(`tags${strideOf(l)}`, network.conv(tower, { name: 'tags', channels: tagCount, kernel: 1 }));
    const distances = network.conv(tower, { name: 'distances', channels: 4, kernel: 1 });
    network.output(`distances${strideOf(l)}`, network.shift(distances, { name: `scale${strideOf(l)}` }));
  }
  return network;
}

/** The expansions and the normalisation are constants. */
export function isTrained(parameter: string): boolean {
  return !parameter.startsWith('expand') && !parameter.startsWith('normalise');
}

function strideOf(level: number): number {
  return levels[level]?.stride ?? 0;
}

function expandedMaps(network: Network, inputSize: number): Value[] {
  return levels.map(({ stride, channels }, l) => {
    const side = inputSize / stride;
    const map = network.input(`stride${stride}`, [channels, side, side], 'float16');
    const expand = { name: `expand${stride}`, channels: expandedChannels[l] as number, kernel: 1 };
    return network.relu6(network.conv(map, expand));
  });
}

/** (x - mean) / deviation of each channel, as a convolution of one pixel and one channel. */
function normalise(network: Network, map: Value, level: number): Value {
  const channels = expandedChannels[level] as number;
  return network.conv(map, { name: `normalise${strideOf(level)}`, channels, kernel: 1, groups: channels });
}

function topDown(network: Network, [fine, middle, coarse]: Value[]): Value[] {
  if (!fine || !middle || !coarse) throw new RangeError('A pyramid has three levels.');
  const merged = network.add(middle, network.upsample2(coarse));
  return [network.add(fine, network.upsample2(merged)), merged, coarse];
}

/** The weights of the same head without its normalisation: what predictions and exports compute. */
export function foldNormalisation(weights: Weights): Weights {
  const folded = new Map([...weights].filter(([name]) => !name.startsWith('normalise')));
  for (const { stride } of levels) {
    const factor = weights.get(`normalise${stride}.weight`) as Float32Array;
    const offset = weights.get(`normalise${stride}.bias`) as Float32Array;
    const lateral = weights.get(`lateral${stride}.weight`) as Float32Array;
    const bias = weights.get(`lateral${stride}.bias`) as Float32Array;
    const channels = factor.length;
    folded.set(
      `lateral${stride}.weight`,
      lateral.map((w, i) => w * (factor[i % channels] as number)),
    );
    const moved = bias.map((b, o) => {
      const row = lateral.subarray(o * channels, (o + 1) * channels);
      return b + row.reduce((sum, w, c) => sum + w * (offset[c] as number), 0);
    });
    folded.set(`lateral${stride}.bias`, moved);
  }
  return folded;
}
