import type { Attributes } from '../onnx-file.ts';
import type { Graph } from '../graph.ts';
import type { ConvGeometry } from '../network.ts';
import { inputOf, type BackwardPass, type ForwardPass, type Layer, type OperationOf } from './layer.ts';
import {
  depthwiseForward,
  depthwiseInputGradient,
  depthwiseWeightGradient,
  isDepthwise,
  isSmallDepthwise,
} from './depthwise.ts';

type Conv = OperationOf<'conv'>;

export const conv: Layer<'conv'> = {
  forward(pass, operation, output) {
    const { weight, bias } = operation.parameters;
    const effective = effectiveWeight(pass, operation);
    if (pass.isVariable(weight) && isSmallDepthwise(operation)) {
      depthwiseForward(pass, operation, effective, output);
      return;
    }
    const inputs = [pass.of(inputOf(operation)), effective, ...(bias ? [pass.parameter(bias)] : [])];
    pass.graph.node('Conv', inputs, attributesOf(operation.geometry), output);
  },

  backward(pass, operation, gradient) {
    const { weight, bias, scale } = operation.parameters;
    const x = inputOf(operation);
    if (bias)
      pass.toParameter(bias, () =>
        pass.graph.node('ReduceSum', [gradient, pass.graph.integers([0, 2, 3])], { keepdims: 0 }),
      );
    pass.toParameter(weight, () => {
      const ofEffective = weightGradient(pass, operation, gradient);
      return scale ? scaled(pass, ofEffective, scale) : ofEffective;
    });
    pass.toValue(x, () => inputGradient(pass, operation, gradient));
  },
};

function attributesOf({ kernel, stride, pads, groups }: ConvGeometry): Attributes {
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [...pads], group: groups };
}

function effectiveWeight(pass: ForwardPass, { parameters: { weight, scale } }: Conv): string {
  return scale ? scaled(pass, pass.parameter(weight), scale) : pass.parameter(weight);
}

function scaled({ graph, parameter }: ForwardPass, weight: string, scale: string): string {
  return graph.node('Mul', [weight, graph.node('Unsqueeze', [parameter(scale), graph.integers([1, 2, 3])])]);
}

/** A transposed convolution gives every pixel back what it took part in; with a stride of 1 a convolution does it faster. */
function inputGradient(pass: BackwardPass, operation: Conv, gradient: string): string {
  const { graph } = pass;
  const { kernel, stride, pads, groups } = operation.geometry;
  const [top, left, bottom, right] = pads;
  const weight = effectiveWeight(pass, operation);
  if (isSmallDepthwise(operation)) return depthwiseInputGradient(pass, operation, weight, gradient);
  if (stride === 1 && (groups === 1 || isDepthwise(operation)) && Math.max(...pads) < kernel) {
    const flipped = kernel === 1 ? weight : flip(graph, weight);
    const turned = isDepthwise(operation) ? flipped : graph.node('Transpose', [flipped], { perm: [1, 0, 2, 3] });
    const opposite = [top, left, bottom, right].map((pad) => kernel - 1 - pad);
    const attributes = { kernel_shape: [kernel, kernel], strides: [1, 1], pads: opposite, group: groups };
    return graph.node('Conv', [gradient, turned], attributes);
  }
  const { height, width } = leftOver(operation);
  return graph.node('ConvTranspose', [gradient, weight], {
    ...attributesOf(operation.geometry),
    output_padding: [height, width],
  });
}

/** Turns every kernel by half a turn. */
function flip(graph: Graph, weight: string): string {
  const start = graph.integers([-1, -1]);
  const beforeFirst = graph.integers([-1000, -1000]);
  return graph.node('Slice', [weight, start, beforeFirst, graph.integers([2, 3]), start]);
}

/** Pixels at the end that no step of the stride reaches. */
function leftOver({ inputs: [x], output, geometry }: Conv): { height: number; width: number } {
  const [top, left, bottom, right] = geometry.pads;
  const over = (side = 0, padding: number, outSide = 0): number =>
    side + padding - geometry.kernel - geometry.stride * (outSide - 1);
  return {
    height: over(x?.shape[1], top + bottom, output.shape[1]),
    width: over(x?.shape[2], left + right, output.shape[2]),
  };
}

function weightGradient(pass: BackwardPass, operation: Conv, gradient: string): string {
  const { kernel, groups } = operation.geometry;
  const x = inputOf(operation);
  const [outChannels = 0, height = 0, width = 0] = operation.output.shape;
  if (isDepthwise(operation)) return depthwiseWeightGradient(pass, operation, gradient);
  const { graph, batch } = pass;
  const inChannels = x.shape[0] ?? 0;
  const isPlain =
    kernel === 1 && groups === 1 && operation.geometry.stride === 1 && !operation.geometry.pads.some(Boolean);
  if (isPlain && height * width <= smallMap) return foldedWeightGradient(pass, operation, gradient);
  const rows = [batch, groups, outChannels / groups, height * width];
  const flat = graph.node('Reshape', [gradient, graph.integers(rows)]);
  // One product for each place of the kernel: the gradient with the input as that place sees it.
  const places = seenByEachPlace(graph, pass.of(x), operation).map((seen) => {
    const shape = graph.integers([batch, groups, inChannels / groups, height * width]);
    const turned = graph.node('Transpose', [graph.node('Reshape', [seen, shape])], { perm: [0, 1, 3, 2] });
    return graph.node('ReduceSum', [graph.node('MatMul', [flat, turned]), graph.integers([0])], { keepdims: 0 });
  });
  const shape = graph.integers([outChannels, inChannels / groups, kernel, kernel]);
  if (places.length === 1) return graph.node('Reshape', [places[0] ?? '', shape]);
  const columns = places.map((place) => graph.node('Unsqueeze', [place, graph.integers([3])]));
  return graph.node('Reshape', [graph.node('Concat', columns, { axis: 3 }), shape]);
}

/** Up to so many pixels, turning the maps costs less than summing one product for each picture. */
const smallMap = 256;

/** Weight gradient of a 1 x 1 convolution: one product over the pixels of the whole batch. */
function foldedWeightGradient({ graph, batch, of }: BackwardPass, operation: Conv, gradient: string): string {
  const x = inputOf(operation);
  const channelsFirst = (map: string, [channels = 0, height = 0, width = 0]: readonly number[]): string => {
    const turned = graph.node('Transpose', [map], { perm: [1, 0, 2, 3] });
    return graph.node('Reshape', [turned, graph.integers([channels, batch * height * width])]);
  };
  const product = [channelsFirst(gradient, operation.output.shape), channelsFirst(of(x), x.shape)];
  const shape = graph.integers([operation.output.shape[0] ?? 0, x.shape[0] ?? 0, 1, 1]);
  return graph.node('Reshape', [graph.node('Gemm', product, { transB: 1 }), shape]);
}

/** For each place of the kernel, row by row, the pixels that it meets: maps of the output's size. */
function seenByEachPlace(graph: Graph, x: string, { geometry, output }: Conv): string[] {
  const { kernel, stride, pads } = geometry;
  if (kernel === 1 && stride === 1 && !pads.some(Boolean)) return [x];
  const [, height = 0, width = 0] = output.shape;
  const padded = padMap(graph, x, pads);
  return Array.from({ length: kernel * kernel }, (_, place) => {
    const [row, column] = [Math.floor(place / kernel), place % kernel];
    const ends = [row + stride * (height - 1) + 1, column + stride * (width - 1) + 1];
    const range = [graph.integers([row, column]), graph.integers(ends)];
    return graph.node('Slice', [padded, ...range, graph.integers([2, 3]), graph.integers([stride, stride])]);
  });
}

function padMap(graph: Graph, x: string, [top, left, bottom, right]: ConvGeometry['pads']): string {
  return graph.node('Pad', [x, graph.integers([0, 0, top, left, 0, 0, bottom, right])]);
}
