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
  readonly BOOL: number;
};
const attributeTypes = schema.lookupEnum('onnx.AttributeProto.AttributeType').values as {
  readonly FLOAT: number;
  readonly INT: number;
  readonly INTS: number;
  readonly STRING: number;
};

/** Which versions of the format and of its operators a file is written in. */
export interface OnnxVersions {
  irVersion: number;
  operatorSet: number;
}

/** What onnxruntime 1.27 and every tool of the last years read; the same as of the backbones. */
export const usualVersions: OnnxVersions = { irVersion: 8, operatorSet: 17 };
/** Below this version every constant had to be an input as well. */
const constantsAloneSince = 4;

export interface OnnxFileOptions {
  versions?: OnnxVersions;
  /** For readers of the file, by name. */
  metadata?: Readonly<Record<string, string>>;
}

export interface OnnxTensor {
  name: string;
  dataType: number;
  dims: number[];
  /** Little-endian. */
  rawData: Uint8Array;
}

/** A plain number is a whole one; a fraction is wrapped, since the file keeps them apart. */
export type Attributes = Record<string, number | number[] | string | { float: number }>;

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
export function writeOnnx(
  graph: OnnxGraph,
  { versions: { irVersion, operatorSet } = usualVersions, metadata = {} }: OnnxFileOptions = {},
): Uint8Array {
  const constants = irVersion < constantsAloneSince ? graph.constants : [];
  const asInputs = constants.map(({ name, dataType, dims }) => ({ name, elementType: dataType, dims }));
  const model = {
    irVersion,
    producerName: 'taglens',
    opsetImport: [{ domain: '', version: operatorSet }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'network',
      node: graph.nodes.map((node, i) => ({ ...nodeFields(node), name: `${node.opType}_${i}` })),
      initializer: graph.constants,
      input: [...graph.inputs, ...asInputs].map(valueFields),
      output: graph.outputs.map(valueFields),
    },
  };
  return modelType.encode(modelType.fromObject(model)).finish();
}

/** Reads back what `writeOnnx` and the backbones' converter write: attributes of other types are refused. */
export function readOnnx(bytes: Uint8Array): OnnxGraph {
  const model = modelType.toObject(modelType.decode(bytes), { longs: Number, arrays: true, defaults: true });
  const { node, initializer, input, output } = (model as { graph: GraphFields }).graph;
  return {
    nodes: node.map(nodeOf),
    constants: initializer.map(({ name, dataType, dims, rawData }) => ({ name, dataType, dims, rawData })),
    inputs: input.map(valueOf),
    outputs: output.map(valueOf),
  };
}

interface NodeFields {
  opType: string;
  input: string[];
  output: string[];
  attribute: { name: string; type: number; i: number; ints: number[]; s: Uint8Array }[];
}

interface ValueFields {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: { dimValue?: number; dimParam?: string }[] } } };
}

interface GraphFields {
  node: NodeFields[];
  initializer: OnnxTensor[];
  input: ValueFields[];
  output: ValueFields[];
}

function nodeOf({ opType, input, output, attribute }: NodeFields): OnnxNode {
  const attributes = attribute.map(({ name, type, i, ints, s }): [string, Attributes[string]] => {
    if (type === attributeTypes.INT) return [name, i];
    if (type === attributeTypes.INTS) return [name, ints];
    if (type === attributeTypes.STRING) return [name, Buffer.from(s).toString()];
    throw new Error(`The attribute ${name} of ${opType} is of the type ${type}, which is not read here.`);
  });
  return { opType, input, output, attributes: Object.fromEntries<Attributes[string]>(attributes) };
}

function valueOf({ name, type: { tensorType } }: ValueFields): OnnxValue {
  const dims = tensorType.shape.dim.map(({ dimValue, dimParam }) => dimValue ?? dimParam ?? '');
  return { name, elementType: tensorType.elemType, dims };
}

function nodeFields({ opType, input, output, attributes }: OnnxNode) {
  return { opType, input, output, attribute: Object.entries(attributes).map(attributeFields) };
}

function attributeFields([name, value]: [string, Attributes[string]]): object {
  if (typeof value === 'string') return { name, type: attributeTypes.STRING, s: Buffer.from(value) };
  if (typeof value === 'number') return { name, type: attributeTypes.INT, i: value };
  if (Array.isArray(value)) return { name, type: attributeTypes.INTS, ints: value };
  return { name, type: attributeTypes.FLOAT, f: value.float };
}

function valueFields({ name, elementType, dims }: OnnxValue): object {
  const dim = dims.map((side) => (typeof side === 'string' ? { dimParam: side } : { dimValue: side }));
  return { name, type: { tensorType: { elemType: elementType, shape: { dim } } } };
}
