import { readBackbone } from '../backbones/backbone.ts';
import type { BackboneSpec } from '../backbones/registry.ts';
import { fromFloat16 } from '../float16.ts';
import type { Weights } from '../trainer/network.ts';
import { decodeModel, encodeModel, type ModelProto, type NodeProto, type TensorProto } from '../trainer/onnx.ts';

/** The output at which what stays ends and what learns begins. */
const border = 'stride8';

/** A backbone cut in two: its file says all about its layers, with batch norms folded and paddings worked out. */
export interface BackboneGraph {
  spec: BackboneSpec;
  /** From the picture to stride 8, an ONNX file. */
  trunk: Uint8Array;
  /** The layers after it, in order. */
  tail: NodeProto[];
  /** Those of the tail: `block5.expand.weight`, `block5.expand.bias`, … */
  weights: Weights;
}

const graphs = new Map<string, Promise<BackboneGraph>>();

/** Read once: every model of a backbone asks for it. */
export function backboneGraph(spec: BackboneSpec): Promise<BackboneGraph> {
  const known = graphs.get(spec.sha256) ?? readBackbone(spec).then((bytes) => cut(spec, decodeModel(bytes)));
  graphs.set(spec.sha256, known);
  return known;
}

function cut(spec: BackboneSpec, model: ModelProto): BackboneGraph {
  const { graph } = model;
  const last = graph.node.findIndex(({ output }) => output.includes(border));
  if (last < 0) throw new Error(`${spec.file} has no output ${border}.`);
  const [trunk, tail] = [graph.node.slice(0, last + 1), graph.node.slice(last + 1)];
  const used = new Set(trunk.flatMap(({ input }) => input));
  const trunkModel = {
    ...model,
    graph: {
      ...graph,
      node: trunk,
      initializer: graph.initializer.filter(({ name }) => used.has(name)),
      output: graph.output.filter(({ name }) => name === border),
    },
  };
  return { spec, trunk: encodeModel(trunkModel), tail, weights: weightsOf(graph.initializer, tail) };
}

function weightsOf(constants: TensorProto[], nodes: NodeProto[]): Weights {
  const used = new Set(nodes.flatMap(({ input }) => input));
  const parameters = constants.filter(({ name }) => used.has(name) && /\.(weight|bias)$/.test(name));
  return new Map(parameters.map((tensor) => [tensor.name, numbersOf(tensor)]));
}

function numbersOf({ name, dataType, rawData }: TensorProto): Float32Array {
  // Copied into memory of its own: the file's bytes need not start at a multiple of four.
  const { buffer } = new Uint8Array(rawData);
  if (dataType === float32) return new Float32Array(buffer);
  if (dataType === float16) return fromFloat16(new Uint16Array(buffer));
  throw new Error(`${name} has numbers of the type ${dataType}, neither float32 nor float16.`);
}

/** TensorProto.DataType. */
const float32 = 1;
const float16 = 10;
