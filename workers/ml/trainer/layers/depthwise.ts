import { inputOf, type BackwardPass, type OperationOf } from './layer.ts';

/**
 * The gradient of a depthwise weight: every map of the input convolved with its own gradient as a kernel of the map's
 * size, all maps of the batch side by side. The forward stride becomes the distance between the kernel's elements.
 */
export function depthwiseWeightGradient(pass: BackwardPass, operation: OperationOf<'conv'>, gradient: string): string {
  const { graph, batch } = pass;
  const { kernel, stride, pads } = operation.geometry;
  const x = inputOf(operation);
  const [channels = 0, height = 0, width = 0] = x.shape;
  const [, outHeight = 0, outWidth = 0] = operation.output.shape;
  const maps = graph.node('Reshape', [pass.of(x), graph.integers([1, batch * channels, height, width])]);
  const kernels = graph.node('Reshape', [gradient, graph.integers([batch * channels, 1, outHeight, outWidth])]);
  const [top, left, bottom, right] = pads;
  const unreached = (side: number, padding: number, outSide: number): number =>
    side + padding - kernel - stride * (outSide - 1);
  const each = graph.node('Conv', [maps, kernels], {
    kernel_shape: [outHeight, outWidth],
    strides: [1, 1],
    dilations: [stride, stride],
    group: batch * channels,
    pads: [top, left, bottom, right],
  });
  // Pixels that no step of the stride reaches would give places that the kernel does not have.
  const [rows, columns] = [unreached(height, top + bottom, outHeight), unreached(width, left + right, outWidth)];
  const kept = [graph.integers([0, 0]), graph.integers([kernel, kernel]), graph.integers([2, 3])];
  const places = rows || columns ? graph.node('Slice', [each, ...kept]) : each;
  const split = graph.node('Reshape', [places, graph.integers([batch, channels, kernel * kernel])]);
  const sum = graph.node('ReduceSum', [split, graph.integers([0])], { keepdims: 0 });
  return graph.node('Reshape', [sum, graph.integers([channels, 1, kernel, kernel])]);
}
