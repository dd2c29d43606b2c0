import type { Graph } from '../graph.ts';
import { elementTypes } from '../onnx-file.ts';
import { inputOf, type Layer } from './layer.ts';

export const relu: Layer<'relu'> = {
  forward({ graph, of }, operation, output) {
    graph.node('Relu', [of(inputOf(operation))], {}, output);
  },
  backward({ graph, of, toValue }, operation, gradient) {
    toValue(inputOf(operation), () =>
      where(graph, graph.node('Greater', [of(operation.output), graph.scalar(0)]), gradient),
    );
  },
};

export const relu6: Layer<'relu6'> = {
  forward({ graph, of }, operation, output) {
    graph.node('Clip', [of(inputOf(operation)), graph.scalar(0), graph.scalar(6)], {}, output);
  },
  backward({ graph, of, toValue }, operation, gradient) {
    toValue(inputOf(operation), () => {
      const y = of(operation.output);
      const above = graph.node('Greater', [y, graph.scalar(0)]);
      return where(graph, graph.node('And', [above, graph.node('Less', [y, graph.scalar(6)])]), gradient);
    });
  },
};

export const sigmoid: Layer<'sigmoid'> = {
  forward({ graph, of }, operation, output) {
    graph.node('Sigmoid', [of(inputOf(operation))], {}, output);
  },
  backward({ graph, of, toValue }, operation, gradient) {
    toValue(inputOf(operation), () => {
      const y = of(operation.output);
      const derivative = graph.node('Mul', [y, graph.node('Sub', [graph.scalar(1), y])]);
      return graph.node('Mul', [gradient, derivative]);
    });
  },
};

export const softplus: Layer<'softplus'> = {
  forward({ graph, of }, operation, output) {
    graph.node('Softplus', [of(inputOf(operation))], {}, output);
  },
  backward({ graph, of, toValue }, operation, gradient) {
    const x = inputOf(operation);
    toValue(x, () => graph.node('Mul', [gradient, graph.node('Sigmoid', [of(x)])]));
  },
};

/** The gradient where the condition holds, else zero. The operator `Where` takes longer. */
function where(graph: Graph, condition: string, gradient: string): string {
  return graph.node('Mul', [gradient, graph.node('Cast', [condition], { to: elementTypes.FLOAT })]);
}
