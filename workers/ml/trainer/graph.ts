import {
  elementTypes,
  writeOnnx,
  type Attributes,
  type OnnxFileOptions,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx-file.ts';
import { sizeOf, type InputType } from './network.ts';

/** An ONNX graph while it is written. Nodes and constants are referred to by the names of their results. */
export class Graph {
  private readonly nodes: OnnxNode[] = [];
  private readonly constants = new Map<string, OnnxTensor>();
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];
  private readonly flatShapes = new Map<string, readonly number[]>();

  /** Adds an operator and returns the name of its only result. */
  node(
    opType: string,
    input: string[],
    attributes: Attributes = {},
    output = `${opType}_${this.nodes.length}`,
  ): string {
    this.nodes.push({ opType, input, output: [output], attributes });
    return output;
  }

  /**
   * Takes the nodes of a finished graph in; `prefix` keeps its names apart from others.
   * @param feeds what its inputs are here
   * @returns what its values are called here
   */
  append(part: OnnxGraph, prefix: string, feeds: Readonly<Record<string, string>>): (name: string) => string {
    const nameOf = (name: string): string => (name === '' ? '' : (feeds[name] ?? prefix + name));
    for (const { opType, input, output, attributes } of part.nodes)
      this.nodes.push({ opType, input: input.map(nameOf), output: output.map(nameOf), attributes });
    for (const tensor of part.constants)
      this.constants.set(nameOf(tensor.name), { ...tensor, name: nameOf(tensor.name) });
    return nameOf;
  }

  floats(name: string, data: Float32Array, dims: readonly number[]): string {
    if (data.length !== sizeOf(dims))
      throw new RangeError(`${name} has ${data.length} numbers; [${dims.join(', ')}] asks for ${sizeOf(dims)}.`);
    return this.constant(name, elementTypes.FLOAT, dims, data);
  }

  /** The same number is written once. */
  scalar(value: number): string {
    return this.constant(`float_${value}`, elementTypes.FLOAT, [], Float32Array.of(value));
  }

  /** A short list of whole numbers, such as a shape; the same list is written once. */
  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.constant(`int64_${values.join('_')}`, elementTypes.INT64, [values.length], data);
  }

  input(name: string, dims: (number | string)[], type: InputType = 'float32'): string {
    this.inputs.push({ name, dims, elementType: type === 'float16' ? elementTypes.FLOAT16 : elementTypes.FLOAT });
    return name;
  }

  /**
   * A parameter as an input without its shape: onnxruntime multiplies a tensor with a number some twenty times slower if
   * the tensor's last sides are 1, as those of a 1 x 1 kernel.
   */
  flatInput(name: string, shape: readonly number[]): string {
    this.flatShapes.set(name, shape);
    return this.input(name, [sizeOf(shape)]);
  }

  /** A flat input in its shape. */
  shaped(name: string): string {
    const shape = this.flatShapes.get(name);
    if (!shape) throw new Error(`There is no flat input ${name}.`);
    return this.node('Reshape', [name, this.integers(shape)]);
  }

  output(name: string, dims: (number | string)[]): void {
    this.outputs.push({ name, dims, elementType: elementTypes.FLOAT });
  }

  toOnnx(options: OnnxFileOptions = {}): Uint8Array {
    const { nodes, inputs, outputs } = this;
    const used = new Set(nodes.flatMap(({ input }) => input));
    const constants = [...this.constants.values()].filter(({ name }) => used.has(name));
    return writeOnnx({ nodes, constants, inputs, outputs }, options);
  }

  private constant(name: string, dataType: number, dims: readonly number[], data: ArrayBufferView): string {
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.constants.set(name, { name, dataType, dims: [...dims], rawData });
    return name;
  }
}
