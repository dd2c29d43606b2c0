/** A map or a vector that flows through a network. */
export interface Value {
  readonly name: string;
  /** Without the batch: [channels, height, width], or [length]. */
  readonly shape: readonly number[];
}

export type InputType = 'float32' | 'float16';

/** Parameters by name, each as long as its shape asks for. */
export type Weights = Map<string, Float32Array>;

/** Pixels added around a map, all zero: top, left, bottom, right. */
export type Pads = readonly [top: number, left: number, bottom: number, right: number];

export interface ConvOptions {
  /** The parameters are `name.weight` [O, I / groups, kernel, kernel], `name.bias` [O] and `name.scale` [O]. */
  name: string;
  channels: number;
  kernel: number;
  /** Default 1. */
  stride?: number;
  /** Default: so that a stride of 1 keeps the size. */
  pads?: Pads;
  /** Default 1; the number of channels makes it depthwise. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** A fixed factor for each output channel of the weight: what a folded batch norm leaves. Never trained. */
  channelScale?: boolean;
}

/** How a convolution walks over its map; all defaults filled in. */
export interface ConvGeometry {
  readonly kernel: number;
  readonly stride: number;
  readonly pads: Pads;
  readonly groups: number;
}

export type PlainKind =
  'relu' | 'relu6' | 'sigmoid' | 'softplus' | 'add' | 'multiply' | 'upsample2' | 'globalAveragePool' | 'rootNormalise';

/** One layer as it was put into the network. Parameters are in the order that the layer's formulas take them. */
export type Operation = { readonly inputs: readonly Value[]; readonly output: Value } & (
  | { readonly kind: 'conv'; readonly parameters: ConvParameters; readonly geometry: ConvGeometry }
  | { readonly kind: 'linear'; readonly parameters: { readonly weight: string; readonly bias: string } }
  | { readonly kind: 'shift'; readonly parameters: { readonly shift: string } }
  | { readonly kind: PlainKind; readonly parameters: Readonly<Record<string, never>> }
);

export interface ConvParameters {
  readonly weight: string;
  readonly bias?: string;
  readonly scale?: string;
}

/**
 * The definition of a network, from which the training graphs, the inference graph and every export are made.
 * A parameter's name that is used twice is one parameter.
 */
export class Network {
  readonly inputs = new Map<string, { value: Value; type: InputType }>();
  readonly operations: Operation[] = [];
  readonly outputs = new Map<string, Value>();
  private readonly shapes = new Map<string, readonly number[]>();
  private readonly fixed = new Set<string>();

  /** @param type float16 (bits in a Uint16Array) is widened inside the graph, so that cached features stay small */
  input(name: string, shape: readonly number[], type: InputType = 'float32'): Value {
    if (this.inputs.has(name)) throw new Error(`The network has an input ${name} already.`);
    const value = { name: `in_${name}`, shape };
    this.inputs.set(name, { value, type });
    return value;
  }

  conv(x: Value, options: ConvOptions): Value {
    const geometry = geometryOf(options);
    const { kernel, groups } = geometry;
    const { name, channels } = options;
    const [inChannels, height, width] = mapShape(x, name);
    if (inChannels % groups || channels % groups)
      throw new Error(`${name}: ${inChannels} and ${channels} channels do not divide into ${groups} groups.`);
    const parameters = {
      weight: this.parameter(`${name}.weight`, [channels, inChannels / groups, kernel, kernel]),
      ...(options.bias === false ? {} : { bias: this.parameter(`${name}.bias`, [channels]) }),
      ...(options.channelScale ? { scale: this.parameter(`${name}.scale`, [channels], true) } : {}),
    };
    const [top, left, bottom, right] = geometry.pads;
    const shape = [
      channels,
      convolvedSide(height + top + bottom, geometry),
      convolvedSide(width + left + right, geometry),
    ];
    return this.append({ kind: 'conv', inputs: [x], parameters, geometry }, shape);
  }

  /** The parameters are `name.weight` [units, length] and `name.bias` [units]. */
  linear(x: Value, { name, units }: { name: string; units: number }): Value {
    const [length, ...rest] = x.shape;
    if (length === undefined || rest.length)
      throw new Error(`${name}: a linear layer takes a vector, not [${x.shape.join(', ')}].`);
    const parameters = {
      weight: this.parameter(`${name}.weight`, [units, length]),
      bias: this.parameter(`${name}.bias`, [units]),
    };
    return this.append({ kind: 'linear', inputs: [x], parameters }, [units]);
  }

  relu(x: Value): Value {
    return this.plain('relu', [x], x.shape);
  }

  relu6(x: Value): Value {
    return this.plain('relu6', [x], x.shape);
  }

  sigmoid(x: Value): Value {
    return this.plain('sigmoid', [x], x.shape);
  }

  softplus(x: Value): Value {
    return this.plain('softplus', [x], x.shape);
  }

  add(a: Value, b: Value): Value {
    return this.plain('add', [a, b], sameShape(a, b));
  }

  /** Element by element; with an input as the second factor it is a mask, such as dropout. */
  multiply(a: Value, b: Value): Value {
    return this.plain('multiply', [a, b], sameShape(a, b));
  }

  /** Every pixel becomes two by two. */
  upsample2(x: Value): Value {
    const [channels, height, width] = mapShape(x, 'upsample2');
    return this.plain('upsample2', [x], [channels, 2 * height, 2 * width]);
  }

  /** The mean of every channel: [C, H, W] becomes [C]. */
  globalAveragePool(x: Value): Value {
    return this.plain('globalAveragePool', [x], [mapShape(x, 'globalAveragePool')[0]]);
  }

  /** Square roots of a vector of numbers from 0 on, then length 1. */
  rootNormalise(x: Value): Value {
    if (x.shape.length !== 1) throw new Error(`rootNormalise takes a vector, not [${x.shape.join(', ')}].`);
    return this.plain('rootNormalise', [x], x.shape);
  }

  /** Adds one learned number, the parameter `name` [1], to every element. */
  shift(x: Value, { name }: { name: string }): Value {
    return this.append({ kind: 'shift', inputs: [x], parameters: { shift: this.parameter(name, [1]) } }, x.shape);
  }

  output(name: string, x: Value): void {
    if (this.outputs.has(name)) throw new Error(`The network has an output ${name} already.`);
    this.outputs.set(name, x);
  }

  /** Every parameter with its shape, in the order of first use. */
  parameters(): Map<string, readonly number[]> {
    return new Map(this.shapes);
  }

  /** True of a channel scale, which no training changes. */
  isFixed(parameter: string): boolean {
    return this.fixed.has(parameter);
  }

  private plain(kind: PlainKind, inputs: Value[], shape: readonly number[]): Value {
    return this.append({ kind, inputs, parameters: {} }, shape);
  }

  private append(operation: OperationWithoutOutput, shape: readonly number[]): Value {
    const output = { name: `${operation.kind}_${this.operations.length}`, shape };
    this.operations.push({ ...operation, output });
    return output;
  }

  private parameter(name: string, shape: readonly number[], isFixed = false): string {
    const known = this.shapes.get(name) ?? shape;
    if (known.join() !== shape.join())
      throw new Error(`The parameter ${name} has the shape [${known.join(', ')}], not [${shape.join(', ')}].`);
    this.shapes.set(name, shape);
    if (isFixed) this.fixed.add(name);
    return name;
  }
}

type OperationWithoutOutput = Operation extends infer Each
  ? Each extends Operation
    ? Omit<Each, 'output'>
    : never
  : never;

/** What they take of memory. */
export function bytesOf(weights: Weights): number {
  return [...weights.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** A parameter's numbers; throws if there are none. */
export function weightOf(weights: Weights, parameter: string): Float32Array {
  const data = weights.get(parameter);
  if (!data) throw new Error(`The weights have no ${parameter}.`);
  return data;
}

/** Elements of one sample (or of a parameter). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

function geometryOf({ kernel, stride = 1, groups = 1, pads }: ConvOptions): ConvGeometry {
  const before = Math.floor((kernel - 1) / 2);
  const after = kernel - 1 - before;
  return { kernel, stride, groups, pads: pads ?? [before, before, after, after] };
}

function convolvedSide(paddedSide: number, { kernel, stride }: ConvGeometry): number {
  if (paddedSide < kernel) throw new Error(`A map of ${paddedSide} px is smaller than the kernel of ${kernel} px.`);
  return Math.floor((paddedSide - kernel) / stride) + 1;
}

function mapShape(x: Value, layer: string): [channels: number, height: number, width: number] {
  const [channels, height, width] = x.shape;
  if (channels === undefined || height === undefined || width === undefined)
    throw new Error(`${layer} takes a map of [channels, height, width], not [${x.shape.join(', ')}].`);
  return [channels, height, width];
}

function sameShape(a: Value, b: Value): readonly number[] {
  if (a.shape.join() !== b.shape.join())
    throw new Error(`The shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] differ.`);
  return a.shape;
}
