import type { Graph } from '../graph.ts';
import { inputOf, type Layer } from './layer.ts';

/** Added to every number, because the derivative of a root is infinite at 0. */
const least = 1e-5;

/** f = sqrt(x) / |sqrt(x)|, and |sqrt(x)|^2 is the plain sum of x. */
export const rootNormalise: Layer<'rootNormalise'> = {
  forward({ graph, of }, operation, output) {
    const x = above0(graph, of(inputOf(operation)));
    const length = graph.node('Sqrt', [sumOfRow(graph, x)]);
    graph.node('Div', [graph.node('Sqrt', [x]), length], {}, output);
  },
  // dx = (df - f (df . f)) / (2 sqrt(x) |sqrt(x)|), where sqrt(x) = f |sqrt(x)|.
  backward({ graph, of, toValue }, operation, gradient) {
    const input = inputOf(operation);
    toValue(input, () => {
      const f = of(operation.output);
      const along = sumOfRow(graph, graph.node('Mul', [gradient, f]));
      const across = graph.node('Sub', [gradient, graph.node('Mul', [f, along])]);
      const squaredLength = sumOfRow(graph, above0(graph, of(input)));
      const twice = graph.node('Mul', [squaredLength, graph.scalar(2)]);
      return graph.node('Div', [across, graph.node('Mul', [f, twice])]);
    });
  },
};

function above0(graph: Graph, x: string): string {
  return graph.node('Add', [x, graph.scalar(least)]);
}

function sumOfRow(graph: Graph, x: string): string {
  return graph.node('ReduceSum', [x, graph.integers([1])], { keepdims: 1 });
}
