import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/*
 * `onnx.proto` beside this file is the official schema, unchanged: PyPI onnx 1.23.2, Apache-2.0. The interfaces below are
 * the part of it that is used here, in the spelling that protobufjs gives to its fields.
 */
const schema = protobuf.parse(readFileSync(new URL('onnx.proto', import.meta.url), 'utf8')).root.resolveAll();
const modelType = schema.lookupType('onnx.ModelProto');

/** Element types by their numbers in the schema. */
export const elementTypes = schema.lookupEnum('onnx.TensorProto.DataType').values as {
  readonly FLOAT: number;
  readonly INT64: number;
  readonly FLOAT16: number;
};
const attributeTypes = schema.lookupEnum('onnx.AttributeProto.AttributeType').values as {
  readonly INT: number;
  readonly INTS: number;
  readonly STRING: number;
};

/** What onnxruntime 1.27 and every tool of the last years read; the same as of the backbones. */
const irVersion = 8;
const operatorSet = 17;

export interface OnnxTensor {
  name: string;
  dataType: number;
  dims: number[];
  /** Little-endian. */
  rawData: Uint8Array;
}

export type Attributes = Record<string, number | number[] | string>;

export interface OnnxNode {
  opType: string;
  input: string[];
  output: string[];
  attributes: Attributes;
}

/** An input or output of a graph; a side without a fixed length has a name. */
export interface OnnxValue {
  name: string;
  elementType: number;
  dims: (number | string)[];
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  constants: OnnxTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
}

/** The graph as an ONNX file. */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const model = {
    irVersion,
    producerName: 'taglens',
    opsetImport: [{ domain: '', version: operatorSet }],
    graph: {
      name: 'network',
      node: graph.nodes.map((node, i) => ({ ...nodeFields(node), name: `${node.opType}_${i}` })),
      initializer: graph.constants,
      input: graph.inputs.map(valueFields),
      output: graph.outputs.map(valueFields),
    },
  };
  return modelType.encode(modelType.fromObject(model)).finish();
}

/** The constants of an ONNX file by name, in its order. */
export function readConstants(bytes: Uint8Array): Map<string, OnnxTensor> {
  const model = modelType.toObject(modelType.decode(bytes), { longs: Number, arrays: true }) as {
    graph: { initializer: OnnxTensor[] };
  };
  return new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor]));
}

function nodeFields({ opType, input, output, attributes }: OnnxNode): object {
  return { opType, input, output, attribute: Object.entries(attributes).map(attributeFields) };
}

function attributeFields([name, value]: [string, Attributes[string]]): object {
  if (typeof value === 'string') return { name, type: attributeTypes.STRING, s: Buffer.from(value) };
  if (typeof value === 'number') return { name, type: attributeTypes.INT, i: value };
  return { name, type: attributeTypes.INTS, ints: value };
}

function valueFields({ name, elementType, dims }: OnnxValue): object {
  const dim = dims.map((side) => (typeof side === 'string' ? { dimParam: side } : { dimValue: side }));
  return { name, type: { tensorType: { elemType: elementType, shape: { dim } } } };
}
