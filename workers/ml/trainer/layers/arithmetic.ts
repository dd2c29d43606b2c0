import { bothInputsOf, inputOf, type Layer } from './layer.ts';

export const add: Layer<'add'> = {
  forward({ graph, of }, operation, output) {
    const [a, b] = bothInputsOf(operation);
    graph.node('Add', [of(a), of(b)], {}, output);
  },
  backward({ toValue }, operation, gradient) {
    for (const x of bothInputsOf(operation)) toValue(x, () => gradient);
  },
};

export const multiply: Layer<'multiply'> = {
  forward({ graph, of }, operation, output) {
    const [a, b] = bothInputsOf(operation);
    graph.node('Mul', [of(a), of(b)], {}, output);
  },
  backward({ graph, of, toValue }, operation, gradient) {
    const [a, b] = bothInputsOf(operation);
    toValue(a, () => graph.node('Mul', [gradient, of(b)]));
    toValue(b, () => graph.node('Mul', [gradient, of(a)]));
  },
};

export const shift: Layer<'shift'> = {
  forward({ graph, of, parameter }, operation, output) {
    graph.node('Add', [of(inputOf(operation)), parameter(operation.parameters.shift)], {}, output);
  },
  backward({ graph, toValue, toParameter }, operation, gradient) {
    toParameter(operation.parameters.shift, () => {
      const axes = graph.integers([0, ...operation.output.shape.map((_, i) => i + 1)]);
      return graph.node('Reshape', [graph.node('ReduceSum', [gradient, axes], { keepdims: 0 }), graph.integers([1])]);
    });
    toValue(inputOf(operation), () => gradient);
  },
};
