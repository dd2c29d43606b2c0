import { inputOf, type Layer } from './layer.ts';

export const linear: Layer<'linear'> = {
  forward({ graph, of, parameter }, operation, output) {
    const { weight, bias } = operation.parameters;
    graph.node('Gemm', [of(inputOf(operation)), parameter(weight), parameter(bias)], { transB: 1 }, output);
  },
  backward({ graph, of, parameter, toValue, toParameter }, operation, gradient) {
    const { weight, bias } = operation.parameters;
    const x = inputOf(operation);
    toParameter(bias, () => graph.node('ReduceSum', [gradient, graph.integers([0])], { keepdims: 0 }));
    toParameter(weight, () => graph.node('Gemm', [gradient, of(x)], { transA: 1 }));
    toValue(x, () => graph.node('MatMul', [gradient, parameter(weight)]));
  },
};
