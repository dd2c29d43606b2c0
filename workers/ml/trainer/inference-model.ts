import { forwardGraph } from './forward-graph.ts';
import type { Network, Value, Weights } from './network.ts';

/**
 * The network as an ONNX file with its weights as constants: input and output names as in the network, any batch.
 * Equal networks and weights give equal bytes.
 */
export function inferenceModel(network: Network, weights: Weights): Uint8Array {
  const names = new Map<Value, string>();
  for (const [name, value] of network.outputs) names.set(value, name);
  const graph = forwardGraph({ network, weights, variable: () => false, batch: 'batch', names });
  for (const [name, value] of network.outputs) {
    const written = names.get(value) ?? value.name;
    if (written !== name) graph.node('Identity', [written], {}, name);
    graph.output(name, ['batch', ...value.shape]);
  }
  return graph.toOnnx();
}
