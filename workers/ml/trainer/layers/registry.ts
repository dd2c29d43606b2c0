import type { Operation } from '../network.ts';
import { relu, relu6, sigmoid, softplus } from './activations.ts';
import { add, multiply, shift } from './arithmetic.ts';
import { conv } from './conv.ts';
import type { Layer } from './layer.ts';
import { linear } from './linear.ts';
import { globalAveragePool, upsample2 } from './resampling.ts';
import { rootNormalise } from './root-normalise.ts';

const layers: { [Kind in Operation['kind']]: Layer<Kind> } = {
  conv,
  linear,
  shift,
  relu,
  relu6,
  sigmoid,
  softplus,
  add,
  multiply,
  upsample2,
  globalAveragePool,
  rootNormalise,
};

/** The formulas of an operation; the table above guarantees that they take its kind. */
export function layerOf(operation: Operation): Layer<Operation['kind']> {
  return layers[operation.kind] as Layer<Operation['kind']>;
}
