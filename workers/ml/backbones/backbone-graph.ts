import { readFile } from 'node:fs/promises';
import { readBackbone } from './backbone.ts';
import type { BackboneName, BackboneSpec } from './registry.ts';
import { fromFloat16 } from '../float16.ts';
import { OnceEach } from '../once-each.ts';
import type { Weights } from '../trainer/network.ts';
import {
  elementTypes,
  readOnnx,
  writeOnnx,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from '../trainer/onnx-file.ts';

/** The output at which what stays ends and what fine-tuning learns begins. */
const border = 'stride8';

/** A backbone cut in two: its file says all about its layers, with batch norms folded and paddings worked out. */
export interface BackboneGraph {
  spec: BackboneSpec;
  /** From the picture to stride 8, an ONNX file. */
  trunk: Uint8Array;
  /** The layers after it, in order. */
  tail: OnnxNode[];
  /** Those of the tail: `block5.expand.weight`, `block5.expand.bias`, … */
  weights: Weights;
  /**
   * By layer of the tail, `block5.expand`, …: median root mean square of its filters as they were learned, before batch norms
   * were folded in. Made by `convert.py`.
   */
  filterSizes: Readonly<Record<string, number>>;
}

/** Read once: every model of a backbone asks for it. */
const graphs = new OnceEach(readGraph);

export function backboneGraph(spec: BackboneSpec): Promise<BackboneGraph> {
  return graphs.of(spec);
}

async function readGraph(spec: BackboneSpec): Promise<BackboneGraph> {
  const sizes = JSON.parse(await readFile(new URL('filter-sizes.json', import.meta.url), 'utf8')) as Record<
    BackboneName,
    BackboneGraph['filterSizes']
  >;
  return { ...cut(spec, readOnnx(await readBackbone(spec))), filterSizes: sizes[spec.name] };
}

function cut(spec: BackboneSpec, graph: OnnxGraph): Omit<BackboneGraph, 'filterSizes'> {
  const last = graph.nodes.findIndex(({ output }) => output.includes(border));
  if (last < 0) throw new Error(`${spec.file} has no output ${border}.`);
  const [nodes, tail] = [graph.nodes.slice(0, last + 1), graph.nodes.slice(last + 1)];
  const trunk = writeOnnx({
    nodes,
    constants: constantsOf(graph, nodes),
    inputs: graph.inputs,
    outputs: graph.outputs.filter(({ name }) => name === border),
  });
  const parameters = constantsOf(graph, tail).filter(({ name }) => /\.(weight|bias)$/.test(name));
  return { spec, trunk, tail, weights: new Map(parameters.map((tensor) => [tensor.name, numbersOf(tensor)])) };
}

function constantsOf({ constants }: OnnxGraph, nodes: OnnxNode[]): OnnxTensor[] {
  const used = new Set(nodes.flatMap(({ input }) => input));
  return constants.filter(({ name }) => used.has(name));
}

function numbersOf({ name, dataType, rawData }: OnnxTensor): Float32Array {
  // Copied into memory of its own: the file's bytes need not start at a multiple of four.
  const { buffer } = new Uint8Array(rawData);
  if (dataType === elementTypes.FLOAT) return new Float32Array(buffer);
  if (dataType === elementTypes.FLOAT16) return fromFloat16(new Uint16Array(buffer));
  throw new Error(`${name} has numbers of the type ${dataType}, neither float32 nor float16.`);
}
