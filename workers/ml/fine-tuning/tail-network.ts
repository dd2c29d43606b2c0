import { Network, type Pads, type Value } from '../trainer/network.ts';
import type { OnnxNode } from '../trainer/onnx-file.ts';
import type { BackboneGraph } from '../backbones/backbone-graph.ts';

/** From float16 maps at stride 8 to `pooled` and the map that it is the mean of, `headmap`. */
export function inferenceNetwork(graph: BackboneGraph): Network {
  const network = new Network();
  const values = addTail(network, graph, network.input('map', graph.spec.stride8, 'float16'));
  for (const name of ['headmap', 'pooled']) network.output(name, find(values, name));
  return network;
}

/**
 * From maps at stride 8 to the `logits` of a head like the quick one, of whose feature the input `kept` leaves out a part.
 * Each convolution has a fixed factor for each channel (see `splitScales`).
 */
export function trainingNetwork(graph: BackboneGraph, tagCount: number): Network {
  const network = new Network();
  const values = addTail(network, graph, network.input('map', graph.spec.stride8), { channelScale: true });
  const feature = network.rootNormalise(find(values, 'pooled'));
  const kept = network.multiply(feature, network.input('kept', feature.shape));
  network.output('logits', network.linear(kept, { name: 'classifier', units: tagCount }));
  return network;
}

interface TailOptions {
  channelScale?: boolean;
}

/**
 * Maps within the tail: what follows each of these convolutions, in their order. Layers after the last of them are left out.
 * @param map at stride 8, of any size that halves twice
 */
export function tailMaps(
  network: Network,
  graph: BackboneGraph,
  map: Value,
  { layers, ...options }: TailOptions & { layers: readonly string[] },
): Value[] {
  const names = layers.map((layer) => activationAfter(graph, layer));
  const last = Math.max(...names.map((name) => graph.tail.findIndex(({ output }) => output.includes(name))));
  const values = addTail(network, { ...graph, tail: graph.tail.slice(0, last + 1) }, map, options);
  return names.map((name) => find(values, name));
}

/** Name of the value that a convolution's activation gives. */
function activationAfter({ spec, tail }: BackboneGraph, layer: string): string {
  const convolution = tail.find(({ input }) => input[2] === `${layer}.bias`)?.output[0];
  const activation = tail.find(({ opType, input }) => opType === 'Clip' && input[0] === convolution)?.output[0];
  if (!activation) throw new Error(`${spec.file} has no activation after ${layer}.`);
  return activation;
}

/** Every value of the tail by its name in the backbone's file. */
function addTail(network: Network, graph: BackboneGraph, map: Value, options: TailOptions = {}): Map<string, Value> {
  const values = new Map([['stride8', map]]);
  for (const node of graph.tail) {
    // Casts widen the weights, which are read widened.
    if (node.opType === 'Cast') continue;
    values.set(node.output[0] ?? '', addLayer(network, graph, node, values, options));
  }
  return values;
}

function addLayer(
  network: Network,
  graph: BackboneGraph,
  node: OnnxNode,
  values: ReadonlyMap<string, Value>,
  options: TailOptions,
): Value {
  const input = (at: number): Value => find(values, node.input[at] ?? '');
  switch (node.opType) {
    case 'Conv':
      return network.conv(input(0), { ...convolution(graph, node), ...options });
    case 'Clip':
      return network.relu6(input(0));
    case 'Add':
      return network.add(input(0), input(1));
    case 'GlobalAveragePool':
      return network.globalAveragePool(input(0));
    case 'Flatten':
      return input(0);
    default:
      throw new Error(`${graph.spec.file} has a layer that cannot be trained: ${node.opType}.`);
  }
}

function convolution({ weights }: BackboneGraph, { input, attributes }: OnnxNode) {
  const bias = input[2] ?? '';
  const numbers = (name: string): number[] => [attributes[name] ?? []].flat().map(Number);
  const [kernel = 1] = numbers('kernel_shape');
  const [stride = 1] = numbers('strides');
  const [top = 0, left = 0, bottom = 0, right = 0] = numbers('pads');
  const [groups = 1] = numbers('group');
  const pads: Pads = [top, left, bottom, right];
  return { name: bias.replace(/\.bias$/, ''), channels: weights.get(bias)?.length ?? 0, kernel, stride, pads, groups };
}

function find(values: ReadonlyMap<string, Value>, name: string): Value {
  const value = values.get(name);
  if (!value) throw new Error(`The tail of the backbone has no value ${name}.`);
  return value;
}
