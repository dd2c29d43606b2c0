import type { BackboneGraph } from '../backbones/backbone-graph.ts';
import { tailMaps } from '../fine-tuning/tail-network.ts';
import { Network, type Value, type Weights } from '../trainer/network.ts';
import { expansionSources } from './expansion.ts';
import type { DetectorShape } from './shape.ts';
import { levels } from './view-pack.ts';

/** Channels after the frozen expansions that the backbone itself goes on with: blocks 5 and 11, and the head convolution. */
export const expandedChannels = [240, 672, 1280] as const;

/** Heads learn from different first weights; the detector says the mean of what they say. */
export interface HeadShape extends Pick<DetectorShape, 'inputSize' | 'headWidth' | 'heads'> {
  tagCount: number;
}

/** What a head says of one level: tags as logits, distances as logarithms. */
interface LevelOutputs {
  tags: Value;
  distances: Value;
}

/** Only the frozen part: cached block outputs to expanded maps, named `expanded8`, `expanded16` and `expanded32`. */
export function expansionNetwork(inputSize: number): Network {
  const network = new Network();
  expandedMaps(network, inputSize).forEach((map, l) => network.output(`expanded${strideOf(l)}`, map));
  return network;
}

interface HeadOptions {
  /** Whether `foldWeights` has been at the weights. */
  isFolded: boolean;
  /** Graph of a backbone that learns or has learned: the heads look at maps of its tail, whose only input is the map at stride 8. */
  graph?: BackboneGraph | undefined;
}

/**
 * The heads that learn, each a pyramid over the normalised maps, one tower for all levels, tags and distances of each cell.
 * While they learn, each has outputs of its own (`outputName`); folded, their mean has those of the first.
 */
export function headNetwork(shape: HeadShape, options: HeadOptions): Network {
  const network = new Network();
  const maps = options.graph
    ? tunedMaps(network, options.graph, shape.inputSize, options)
    : expandedMaps(network, shape.inputSize);
  const seen = options.isFolded ? maps : maps.map((map, l) => normalise(network, map, l));
  const said = Array.from({ length: shape.heads }, (_, head) => addHead(network, seen, shape, head));
  for (const [head, outputs] of (options.isFolded ? [sumOf(network, said)] : said).entries())
    for (const [l, { tags, distances }] of outputs.entries()) {
      network.output(outputName('tags', l, head), tags);
      network.output(outputName('distances', l, head), distances);
    }
  return network;
}

/** Name of an output of a head; in a folded network, the first head stands for all. */
export function outputName(kind: 'tags' | 'distances', level: number, head = 0): string {
  return ofHead(`${kind}${strideOf(level)}`, head);
}

/** The first has the plain names, which the only one always had. */
function ofHead(name: string, head: number): string {
  return head === 0 ? name : `${name}-${head + 1}`;
}

function addHead(network: Network, maps: Value[], { headWidth, tagCount }: HeadShape, head: number): LevelOutputs[] {
  const layer = (name: string, channels: number, kernel: 1 | 3) => ({ name: ofHead(name, head), channels, kernel });
  const laterals = maps.map((map, l) => network.relu(network.conv(map, layer(`lateral${strideOf(l)}`, headWidth, 1))));
  return topDown(network, laterals).map((map, l) => {
    const smooth = network.relu(network.conv(map, layer(`smooth${strideOf(l)}`, headWidth, 3)));
    const tower = network.relu(network.conv(smooth, layer('tower', headWidth, 3)));
    const tags = network.conv(tower, layer('tags', tagCount, 1));
    const distances = network.conv(tower, layer('distances', 4, 1));
    return { tags, distances: network.shift(distances, { name: ofHead(`scale${strideOf(l)}`, head) }) };
  });
}

function sumOf(network: Network, said: LevelOutputs[][]): LevelOutputs[] {
  return said.reduce((sum, own) =>
    sum.map((level, l) => {
      const { tags, distances } = own[l] as LevelOutputs;
      return { tags: network.add(level.tags, tags), distances: network.add(level.distances, distances) };
    }),
  );
}

/** The expansions of a backbone as it is, and the normalisation, are constants. */
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

/** The same maps as part of the tail, whose convolutions have a fixed factor for each channel while they learn (see `splitScales`). */
function tunedMaps(
  network: Network,
  graph: BackboneGraph,
  inputSize: number,
  { isFolded }: Pick<HeadOptions, 'isFolded'>,
): Value[] {
  const [{ stride, channels }] = levels;
  const side = inputSize / stride;
  const map = network.input(`stride${stride}`, [channels, side, side], 'float16');
  return tailMaps(network, graph, map, { channelScale: !isFolded, layers: Object.values(expansionSources) });
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

/**
 * The weights of what predictions and exports compute: the normalisation goes into the laterals, and its share of the mean into
 * the last layers of each head, so that heads need only be added.
 */
export function foldWeights(weights: Weights, heads: number): Weights {
  const folded = new Map([...weights].filter(([name]) => !name.startsWith('normalise')));
  for (let head = 0; head < heads; head++)
    for (const { stride } of levels) foldNormalisation(folded, weights, stride, ofHead(`lateral${stride}`, head));
  for (const [name, values] of folded)
    if (isLast(name))
      folded.set(
        name,
        Float32Array.from(values, (v) => v / heads),
      );
  return folded;
}

/** Whether it is of a layer that nothing bends after: halving it halves what the head says. */
function isLast(parameter: string): boolean {
  return ['tags', 'distances', 'scale'].some((layer) => parameter.startsWith(layer));
}

function foldNormalisation(folded: Weights, weights: Weights, stride: number, layer: string): void {
  const factor = weights.get(`normalise${stride}.weight`) as Float32Array;
  const offset = weights.get(`normalise${stride}.bias`) as Float32Array;
  const lateral = weights.get(`${layer}.weight`) as Float32Array;
  const bias = weights.get(`${layer}.bias`) as Float32Array;
  const channels = factor.length;
  folded.set(
    `${layer}.weight`,
    lateral.map((w, i) => w * (factor[i % channels] as number)),
  );
  const moved = bias.map((b, o) => {
    const row = lateral.subarray(o * channels, (o + 1) * channels);
    return b + row.reduce((sum, w, c) => sum + w * (offset[c] as number), 0);
  });
  folded.set(`${layer}.bias`, moved);
}
