import type { Graph } from '../graph.ts';
import { sizeOf } from '../network.ts';
import { inputOf, type BackwardPass, type ForwardPass, type OperationOf } from './layer.ts';

/*
 * For each channel a depthwise convolution is a product with a matrix [pixels in, pixels out] whose elements are those of
 * the kernel or zero. onnxruntime multiplies matrices far better than it convolves one channel: on 1152 maps of 7 x 7 the
 * gradient of the weight takes a sixth of the time that a convolution with map-sized kernels takes. Larger maps are cut
 * into bands of rows that all share one such matrix, or it would be mostly zero.
 */

type Conv = OperationOf<'conv'>;

export function isDepthwise({ inputs: [x], output, geometry: { groups } }: Conv): boolean {
  return x?.shape[0] === groups && output.shape[0] === groups;
}

/** One band: so many rows of the output and the rows of the input that they depend on. */
interface Band {
  rowsOut: number;
  rowsIn: number;
  /** How many make up the output. */
  count: number;
  /** Row of the input, below zero for padding, that the first band begins with. */
  firstRow: number;
}

/** Up to so many pixels a map is one band: cutting it costs more than the zeros. */
const wholePixels = 64;

function bandOf(operation: Conv): Band {
  const { kernel, stride, pads } = operation.geometry;
  const [, height = 0, width = 0] = inputOf(operation).shape;
  const [, outHeight = 0] = operation.output.shape;
  if (height * width <= wholePixels) return { rowsOut: outHeight, rowsIn: height, count: 1, firstRow: 0 };
  const rowsOut = outHeight % 2 ? 1 : 2;
  return { rowsOut, rowsIn: (rowsOut - 1) * stride + kernel, count: outHeight / rowsOut, firstRow: -pads[0] };
}

/** [kernel * kernel, in * out]: a one where an element of the kernel stands in the matrix of a band. */
function placesIn(graph: Graph, operation: Conv, { rowsOut, rowsIn, firstRow }: Band): string {
  const { kernel, stride, pads } = operation.geometry;
  const [widthIn, widthOut] = [inputOf(operation).shape[2] ?? 0, operation.output.shape[2] ?? 0];
  const [pixelsIn, pixelsOut] = [rowsIn * widthIn, rowsOut * widthOut];
  const places = new Float32Array(kernel * kernel * pixelsIn * pixelsOut);
  for (let place = 0; place < kernel * kernel; place++) {
    for (let pixel = 0; pixel < pixelsOut; pixel++) {
      const row = Math.floor(pixel / widthOut) * stride + Math.floor(place / kernel) - pads[0] - firstRow;
      const column = (pixel % widthOut) * stride + (place % kernel) - pads[1];
      const isInside = row >= 0 && row < rowsIn && column >= 0 && column < widthIn;
      if (isInside) places[(place * pixelsIn + row * widthIn + column) * pixelsOut + pixel] = 1;
    }
  }
  const name = ['places', kernel, stride, ...pads, widthIn, widthOut, rowsIn, rowsOut].join('_');
  return graph.floats(name, places, [kernel * kernel, pixelsIn * pixelsOut]);
}

export function depthwiseWeightGradient(pass: BackwardPass, operation: Conv, gradient: string): string {
  const { graph, batch } = pass;
  const { kernel } = operation.geometry;
  const [channels = 0, , width = 0] = inputOf(operation).shape;
  const band = bandOf(operation);
  const [pixelsIn, pixelsOut] = [band.rowsIn * width, band.rowsOut * (operation.output.shape[2] ?? 0)];
  const pieces = graph.node('Reshape', [gradient, graph.integers([batch, channels, band.count, pixelsOut])]);
  const turned = graph.node('Transpose', [pieces], { perm: [1, 2, 0, 3] });
  const out = graph.node('Reshape', [turned, graph.integers([channels, band.count * batch, pixelsOut])]);
  const seen = graph.node('Transpose', [inputBands(pass, operation, band)], { perm: [0, 2, 1] });
  const matrices = graph.node('Reshape', [
    graph.node('MatMul', [seen, out]),
    graph.integers([channels, pixelsIn * pixelsOut]),
  ]);
  const elements = graph.node('Gemm', [matrices, placesIn(graph, operation, band)], { transB: 1 });
  return graph.node('Reshape', [elements, graph.integers([channels, 1, kernel, kernel])]);
}

/** [channels, bands * batch, pixels of a band]. */
function inputBands({ graph, batch, of }: BackwardPass, operation: Conv, band: Band): string {
  const { rowsOut, rowsIn, count } = band;
  const x = inputOf(operation);
  const [channels = 0, height = 0, width = 0] = x.shape;
  if (count === 1 && rowsIn === height) return byChannel(graph, of(x), x.shape);
  const turned = graph.node('Transpose', [of(x)], { perm: [1, 0, 2, 3] });
  const [top, , bottom] = operation.geometry.pads;
  const padded = graph.node('Pad', [turned, graph.integers([0, 0, top, 0, 0, 0, bottom, 0])]);
  const flat = graph.node('Reshape', [padded, graph.integers([channels, batch, (height + top + bottom) * width])]);
  const bands = Array.from({ length: count }, (_, at) => {
    const start = at * rowsOut * operation.geometry.stride * width;
    const range = [graph.integers([start]), graph.integers([start + rowsIn * width]), graph.integers([2])];
    return graph.node('Slice', [flat, ...range]);
  });
  return graph.node('Concat', bands, { axis: 1 });
}

/** Whether `depthwiseForward` and `depthwiseInputGradient` are the quicker way: the map is one band. */
export function isSmallDepthwise(operation: Conv): boolean {
  return isDepthwise(operation) && bandOf(operation).count === 1;
}

/** Forward pass on a small map: the product with the matrix. */
export function depthwiseForward(pass: ForwardPass, operation: Conv, weight: string, output: string): void {
  const { graph } = pass;
  const { bias } = operation.parameters;
  const x = inputOf(operation);
  const product = graph.node('MatMul', [
    byChannel(graph, pass.of(x), x.shape),
    wholeMatrices(graph, operation, weight),
  ]);
  const shift = (name: string): string =>
    graph.node('Reshape', [pass.parameter(name), graph.integers([x.shape[0] ?? 0, 1, 1])]);
  byPicture(graph, bias ? graph.node('Add', [product, shift(bias)]) : product, operation.output.shape, output);
}

/** From [batch, channels, height, width] to [channels, batch, pixels]. */
function byChannel(graph: Graph, map: string, [channels = 0, ...sides]: readonly number[]): string {
  const turned = graph.node('Transpose', [map], { perm: [1, 0, 2, 3] });
  return graph.node('Reshape', [turned, graph.integers([channels, -1, sizeOf(sides)])]);
}

/** And back. */
function byPicture(graph: Graph, product: string, shape: readonly number[], output?: string): string {
  const turned = graph.node('Transpose', [product], { perm: [1, 0, 2] });
  return graph.node('Reshape', [turned, graph.integers([-1, ...shape])], {}, output);
}

/** [channels, pixels in, pixels out] of a map that is one band. */
function wholeMatrices(graph: Graph, operation: Conv, weight: string): string {
  const [channels = 0, ...sides] = inputOf(operation).shape;
  const elements = graph.node('Reshape', [weight, graph.integers([channels, operation.geometry.kernel ** 2])]);
  const matrices = graph.node('MatMul', [elements, placesIn(graph, operation, bandOf(operation))]);
  const shape = [channels, sizeOf(sides), sizeOf(operation.output.shape.slice(1))];
  return graph.node('Reshape', [matrices, graph.integers(shape)]);
}

/** Input gradient on a small map: the product with the transposed matrix. */
export function depthwiseInputGradient(pass: BackwardPass, operation: Conv, weight: string, gradient: string): string {
  const { graph } = pass;
  const turned = graph.node('Transpose', [wholeMatrices(graph, operation, weight)], { perm: [0, 2, 1] });
  const product = graph.node('MatMul', [byChannel(graph, gradient, operation.output.shape), turned]);
  return byPicture(graph, product, inputOf(operation).shape);
}
