import type { Graph } from '../trainer/graph.ts';
import { elementTypes } from '../trainer/onnx-file.ts';

/** Half the width of the kernel, in pixels of the smaller picture. */
const lanczosLobes = 3;
const cubicReach = 2;
/** The server's resampler knows this many places between two pixels. */
const phases = 64;

/** How long an axis of the picture is and by how much it is shrunk, as names of values in the graph. */
interface Axis {
  length: string;
  factor: string;
}

/** Which pixels along an axis make up each place of the result, and with what weights: [places, pixels]. */
interface Mixture {
  weights: string;
  pixels: string;
  /** Places. */
  count: string;
}

/**
 * Both squares that a prediction looks at, as a part of a graph: resampled as the server's library (libvips) does it, with
 * its order, its rounding to whole colour values and its displacement when it enlarges.
 * @param picture [1, 3, height, width], 0 to 255, of any size
 * @returns [2, 3, side, side]: the whole picture, squashed, and its middle in its own proportions, mirrored
 */
export function squaresOf(graph: Graph, picture: string, side: number): string {
  const shape = graph.node('Cast', [graph.node('Shape', [picture])], { to: elementTypes.FLOAT });
  const lengthOf = (axis: number): string => graph.node('Gather', [shape, graph.integers([axis])], { axis: 0 });
  const [height, width] = [lengthOf(2), lengthOf(3)];
  const perSide = (length: string): string => binary(graph, 'Div', length, side);
  const [down, across] = [perSide(height), perSide(width)];
  const least = graph.node('Min', [down, across]);
  const along = Array.from({ length: side }, (_, i) => i);
  const whole = resample(graph, picture, { length: height, factor: down }, { length: width, factor: across }, along);
  const kept = { length: height, factor: least };
  const centre = resample(graph, picture, kept, { length: width, factor: least }, [...along].reverse());
  return graph.node('Concat', [whole, centre], { axis: 0 });
}

/**
 * First what shrinks, columns before rows, then what is enlarged, in both directions at once.
 * @param order which column of the square stands at each place, from the left
 */
function resample(graph: Graph, picture: string, vertical: Axis, horizontal: Axis, order: readonly number[]): string {
  const [rows, columns] = [shrinking(graph, vertical), shrinking(graph, horizontal)];
  const low = rounded(graph, mixRows(graph, picture, rows));
  const small = rounded(graph, mixColumns(graph, low, columns));
  const isEnlarged = graph.node('Less', [graph.node('Min', [vertical.factor, horizontal.factor]), graph.scalar(1)]);
  const ascending = [...order].sort((a, b) => a - b);
  const [tall, wide] = [
    enlarging(graph, { length: rows.count, factor: vertical.factor }, isEnlarged, ascending),
    enlarging(graph, { length: columns.count, factor: horizontal.factor }, isEnlarged, order),
  ];
  return rounded(graph, mixColumns(graph, mixRows(graph, small, tall), wide));
}

function mixRows(graph: Graph, picture: string, { weights, pixels }: Mixture): string {
  return graph.node('MatMul', [weights, graph.node('Gather', [picture, pixels], { axis: 2 })]);
}

function mixColumns(graph: Graph, picture: string, { weights, pixels }: Mixture): string {
  const turned = graph.node('Transpose', [weights], { perm: [1, 0] });
  return graph.node('MatMul', [graph.node('Gather', [picture, pixels], { axis: 3 }), turned]);
}

function rounded(graph: Graph, values: string): string {
  return graph.node('Clip', [graph.node('Round', [values]), graph.scalar(0), graph.scalar(255)]);
}

/** By Lanczos, all of the axis, its middle in the middle; an axis that is to be enlarged stays as it is. */
function shrinking(graph: Graph, { length, factor }: Axis): Mixture {
  const scale = graph.node('Max', [factor, graph.scalar(1)]);
  const count = roundedQuotient(graph, length, scale);
  const places = graph.node('Unsqueeze', [range(graph, graph.scalar(0), count), graph.integers([1])]);
  const rest = graph.node('Sub', [length, graph.node('Mul', [count, scale])]);
  const shift = binary(graph, 'Sub', binary(graph, 'Mul', rest, 0.5), 0.5);
  const inPicture = graph.node('Mul', [binary(graph, 'Add', places, 0.5), scale]);
  const centres = graph.node('Add', [inPicture, shift]);
  const kernel = (distance: string): string => lanczos(graph, distance);
  return { ...mixture(graph, { length, centres, scale, reach: lanczosLobes, kernel }), count };
}

/**
 * By the cubic of Catmull and Rom. The library lays the corner of the result's first pixel on the middle between two
 * pixels of the picture, along both axes as soon as one is enlarged. What is over the square is cut off on both sides.
 */
function enlarging(graph: Graph, { length, factor }: Axis, isEnlarged: string, order: readonly number[]): Mixture {
  const step = graph.node('Min', [factor, graph.scalar(1)]);
  const over = binary(graph, 'Sub', roundedQuotient(graph, length, step), order.length);
  const cut = graph.node('Floor', [binary(graph, 'Mul', binary(graph, 'Add', over, 1), 0.5)]);
  const places = graph.floats(`places_from_${order[0]}`, Float32Array.from(order), [order.length, 1]);
  const displaced = graph.node('Where', [isEnlarged, graph.scalar(0.5), graph.scalar(0)]);
  const inPicture = graph.node('Mul', [graph.node('Add', [places, cut]), step]);
  const centres = graph.node('Sub', [inPicture, displaced]);
  const kernel = (distance: string): string => catmullRom(graph, distance);
  const scale = graph.scalar(1);
  return { ...mixture(graph, { length, centres, scale, reach: cubicReach, kernel }), count: length };
}

interface Sampling {
  length: string;
  /** Where the middle of each place lies, [places, 1]. */
  centres: string;
  /** The kernel is drawn out by it. */
  scale: string;
  reach: number;
  kernel: (distance: string) => string;
}

/** Pixels over the edge repeat it. */
function mixture(graph: Graph, { length, centres, scale, reach, kernel }: Sampling): Omit<Mixture, 'count'> {
  const margin = graph.node('Ceil', [binary(graph, 'Mul', scale, reach + 1)]);
  const pixels = range(graph, graph.node('Neg', [margin]), graph.node('Add', [length, margin]));
  const near = binary(graph, 'Div', graph.node('Round', [binary(graph, 'Mul', centres, phases)]), phases);
  const away = graph.node('Abs', [graph.node('Sub', [pixels, near])]);
  const raw = kernel(graph.node('Div', [away, scale]));
  const weights = graph.node('Div', [raw, graph.node('ReduceSum', [raw, graph.integers([1])])]);
  const last = binary(graph, 'Sub', length, 1);
  const clamped = graph.node('Min', [graph.node('Max', [pixels, graph.scalar(0)]), last]);
  return { weights, pixels: graph.node('Cast', [clamped], { to: elementTypes.INT64 }) };
}

/** Whole numbers from one to before another, as floats. */
function range(graph: Graph, from: string, to: string): string {
  const single = (value: string): string => graph.node('Reshape', [value, graph.integers([])]);
  return graph.node('Range', [single(from), single(to), graph.scalar(1)]);
}

function roundedQuotient(graph: Graph, length: string, factor: string): string {
  return graph.node('Floor', [binary(graph, 'Add', graph.node('Div', [length, factor]), 0.5)]);
}

/** sinc(d) * sinc(d / 3) up to three pixels away. */
function lanczos(graph: Graph, distance: string): string {
  const product = graph.node('Mul', [sinc(graph, distance, 1), sinc(graph, distance, 1 / lanczosLobes)]);
  return within(graph, distance, lanczosLobes, product, graph.scalar(0));
}

function sinc(graph: Graph, distance: string, stretch: number): string {
  // Near nought sin(x) / x is 1 as far as float32 can tell.
  const angle = graph.node('Max', [binary(graph, 'Mul', distance, Math.PI * stretch), graph.scalar(1e-4)]);
  return graph.node('Div', [graph.node('Sin', [angle]), angle]);
}

/** The cubic that goes through its points: 1.5 d^3 - 2.5 d^2 + 1, then -0.5 d^3 + 2.5 d^2 - 4 d + 2. */
function catmullRom(graph: Graph, d: string): string {
  const polynomial = ([first = 0, ...others]: readonly number[]): string =>
    others.reduce((sum, factor) => binary(graph, 'Add', graph.node('Mul', [sum, d]), factor), graph.scalar(first));
  const outer = within(graph, d, cubicReach, polynomial([-0.5, 2.5, -4, 2]), graph.scalar(0));
  return within(graph, d, 1, polynomial([1.5, -2.5, 0, 1]), outer);
}

function within(graph: Graph, distance: string, reach: number, value: string, otherwise: string): string {
  return graph.node('Where', [graph.node('Less', [distance, graph.scalar(reach)]), value, otherwise]);
}

function binary(graph: Graph, operator: 'Add' | 'Sub' | 'Mul' | 'Div', value: string, number: number): string {
  return graph.node(operator, [value, graph.scalar(number)]);
}
