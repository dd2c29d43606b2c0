import type { Network } from '../../workers/ml/trainer/network.ts';

/** A network as plain JSON, for `network.py`. */
export function describeNetwork(network: Network) {
  return {
    inputs: Object.fromEntries(
      [...network.inputs].map(([name, { value, type }]) => [name, { value: value.name, shape: value.shape, type }]),
    ),
    operations: network.operations.map(({ inputs, output, ...facts }) => ({
      ...facts,
      inputs: inputs.map(({ name }) => name),
      output: output.name,
    })),
    outputs: Object.fromEntries([...network.outputs].map(([name, { name: value, shape }]) => [name, { value, shape }])),
    parameters: Object.fromEntries(network.parameters()),
  };
}
