import type { Graph } from '../trainer/graph.ts';
import { elementTypes } from '../trainer/onnx-file.ts';

/** Half the width of the kernel, in pixels of the smaller picture. */
const lanczosLobes = 3;
/** The server's resampler knows this many places between two pixels. */
const phases = 64;

/** How long an axis is and by how much it is shrunk, as names of values in the graph. */
interface Axis {
  length: string;
  factor: string;
}

/**
 * Both squares that a prediction looks at, as a part of a graph: resampled as the server does it, by Lanczos when shrinking
 * and Catmull-Rom when enlarging, along the columns first, rounded to whole colour values after each direction.
 * @param picture [1, 3, height, width], 0 to 255, of any size
 * @returns [2, 3, side, side]: the whole picture, squashed, and its middle in its own proportions, mirrored
 */
export function squaresOf(graph: Graph, picture: string, side: number): string {
  const shape = graph.node('Cast', [graph.node('Shape', [picture])], { to: elementTypes.FLOAT });
  const lengthOf = (axis: number): string => graph.node('Gather', [shape, graph.integers([axis])], { axis: 0 });
  const [height, width] = [lengthOf(2), lengthOf(3)];
  const perSide = (length: string): string => graph.node('Div', [length, graph.scalar(side)]);
  const [down, across] = [perSide(height), perSide(width)];
  const least = graph.node('Min', [down, across]);
  const along = Array.from({ length: side }, (_, i) => i);
  const whole = resample(graph, picture, { length: height, factor: down }, { length: width, factor: across }, along);
  const kept = { length: height, factor: least };
  const centre = resample(graph, picture, kept, { length: width, factor: least }, [...along].reverse());
  return graph.node('Concat', [whole, centre], { axis: 0 });
}

/** @param order which column of the square stands at each place, from the left */
function resample(graph: Graph, picture: string, vertical: Axis, horizontal: Axis, order: readonly number[]): string {
  const rows = weightsOf(graph, vertical, [...order].sort((a, b) => a - b));
  const narrowed = graph.node('MatMul', [rows.weights, graph.node('Gather', [picture, rows.pixels], { axis: 2 })]);
  const columns = weightsOf(graph, horizontal, order);
  const source = graph.node('Gather', [rounded(graph, narrowed), columns.pixels], { axis: 3 });
  const turned = graph.node('Transpose', [columns.weights], { perm: [1, 0] });
  return rounded(graph, graph.node('MatMul', [source, turned]));
}

function rounded(graph: Graph, values: string): string {
  return graph.node('Clip', [graph.node('Round', [values]), graph.scalar(0), graph.scalar(255)]);
}

/** Weights [side, pixels] of the pixels that every place of the square is made of; those over the edge repeat it. */
function weightsOf(graph: Graph, axis: Axis, order: readonly number[]): { weights: string; pixels: string } {
  const spread = graph.node('Max', [axis.factor, graph.scalar(1)]);
  const margin = graph.node('Ceil', [binary(graph, 'Mul', spread, lanczosLobes + 1)]);
  const pixels = pixelsOf(graph, axis, margin);
  const away = graph.node('Sub', [pixels, centresOf(graph, axis, order)]);
  const distance = graph.node('Abs', [graph.node('Div', [away, spread])]);
  const isEnlarged = graph.node('Less', [axis.factor, graph.scalar(1)]);
  const raw = graph.node('Where', [isEnlarged, catmullRom(graph, distance), lanczos(graph, distance)]);
  const weights = graph.node('Div', [raw, graph.node('ReduceSum', [raw, graph.integers([1])])]);
  const last = binary(graph, 'Sub', axis.length, 1);
  const within = graph.node('Min', [graph.node('Max', [pixels, graph.scalar(0)]), last]);
  return { weights, pixels: whole(graph, within) };
}

/** Every pixel from a margin before the picture to one behind it. */
function pixelsOf(graph: Graph, { length }: Axis, margin: string): string {
  const first = graph.node('Neg', [margin]);
  const end = graph.node('Add', [length, margin]);
  const single = (value: string): string => graph.node('Squeeze', [whole(graph, value), graph.integers([0])]);
  const step = graph.node('Squeeze', [graph.integers([1]), graph.integers([0])]);
  return graph.node('Cast', [graph.node('Range', [single(first), single(end), step])], { to: elementTypes.FLOAT });
}

/** Where the middle of each place of the square lies in the picture, [side, 1], when what is over is cut off on both sides. */
function centresOf(graph: Graph, { length, factor }: Axis, order: readonly number[]): string {
  const shrunk = graph.node('Floor', [binary(graph, 'Add', graph.node('Div', [length, factor]), 0.5)]);
  const over = binary(graph, 'Sub', shrunk, order.length);
  const cut = graph.node('Floor', [binary(graph, 'Mul', binary(graph, 'Add', over, 1), 0.5)]);
  const places = graph.floats(`places_${order[0]}`, Float32Array.from(order, (i) => i + 0.5), [order.length, 1]);
  const inPicture = graph.node('Mul', [graph.node('Add', [places, cut]), factor]);
  const rest = graph.node('Sub', [length, graph.node('Mul', [shrunk, factor])]);
  const shift = binary(graph, 'Sub', binary(graph, 'Mul', rest, 0.5), 0.5);
  const exact = graph.node('Add', [inPicture, shift]);
  return binary(graph, 'Div', graph.node('Round', [binary(graph, 'Mul', exact, phases)]), phases);
}

/** sinc(d) * sinc(d / 3) up to three pixels away. */
function lanczos(graph: Graph, distance: string): string {
  const product = graph.node('Mul', [sinc(graph, distance, 1), sinc(graph, distance, 1 / lanczosLobes)]);
  const isNear = graph.node('Less', [distance, graph.scalar(lanczosLobes)]);
  return graph.node('Where', [isNear, product, graph.scalar(0)]);
}

function sinc(graph: Graph, distance: string, stretch: number): string {
  // Near nought sin(x) / x is 1 as far as float32 can tell.
  const angle = graph.node('Max', [binary(graph, 'Mul', distance, Math.PI * stretch), graph.scalar(1e-4)]);
  return graph.node('Div', [graph.node('Sin', [angle]), angle]);
}

/** The cubic that goes through its points: 1.5 d^3 - 2.5 d^2 + 1, then -0.5 d^3 + 2.5 d^2 - 4 d + 2. */
function catmullRom(graph: Graph, d: string): string {
  const polynomial = (factors: readonly number[]): string =>
    factors.slice(1).reduce((sum, factor) => binary(graph, 'Add', graph.node('Mul', [sum, d]), factor), graph.scalar(factors[0] ?? 0));
  const outer = graph.node('Where', [
    graph.node('Less', [d, graph.scalar(2)]),
    polynomial([-0.5, 2.5, -4, 2]),
    graph.scalar(0),
  ]);
  return graph.node('Where', [graph.node('Less', [d, graph.scalar(1)]), polynomial([1.5, -2.5, 0, 1]), outer]);
}

function binary(graph: Graph, operator: 'Add' | 'Sub' | 'Mul' | 'Div', value: string, number: number): string {
  return graph.node(operator, [value, graph.scalar(number)]);
}

function whole(graph: Graph, value: string): string {
  return graph.node('Cast', [value], { to: elementTypes.INT64 });
}
