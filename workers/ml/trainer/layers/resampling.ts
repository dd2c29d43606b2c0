import { inputOf, type Layer } from './layer.ts';

export const upsample2: Layer<'upsample2'> = {
  forward({ graph, of }, operation, output) {
    const scales = graph.floats('upsample2_scales', Float32Array.of(1, 1, 2, 2), [4]);
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    graph.node('Resize', [of(inputOf(operation)), '', scales], attributes, output);
  },
  backward({ graph, batch, toValue }, operation, gradient) {
    const x = inputOf(operation);
    toValue(x, () => {
      const [channels = 0, height = 0, width = 0] = x.shape;
      const fours = graph.node('Reshape', [gradient, graph.integers([batch, channels, height, 2, width, 2])]);
      return graph.node('ReduceSum', [fours, graph.integers([3, 5])], { keepdims: 0 });
    });
  },
};

export const globalAveragePool: Layer<'globalAveragePool'> = {
  forward({ graph, of }, operation, output) {
    graph.node('Flatten', [graph.node('GlobalAveragePool', [of(inputOf(operation))])], { axis: 1 }, output);
  },
  backward({ graph, batch, toValue }, operation, gradient) {
    const x = inputOf(operation);
    toValue(x, () => {
      const [channels = 0, height = 0, width = 0] = x.shape;
      const share = graph.node('Mul', [gradient, graph.scalar(1 / (height * width))]);
      const column = graph.node('Unsqueeze', [share, graph.integers([2, 3])]);
      return graph.node('Expand', [column, graph.integers([batch, channels, height, width])]);
    });
  },
};
