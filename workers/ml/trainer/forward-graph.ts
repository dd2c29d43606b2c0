import { Graph } from './graph.ts';
import { layerOf } from './layers/registry.ts';
import type { ForwardPass } from './layers/layer.ts';
import { elementTypes } from './onnx-file.ts';
import { weightOf, type Network, type Value, type Weights } from './network.ts';

export interface ForwardGraphOptions {
  network: Network;
  weights: Weights;
  /** Parameters that are inputs of the graph instead of constants. */
  variable: (parameter: string) => boolean;
  /** A number, or a name for any. */
  batch: number | string;
  /** Names that some values shall have in the graph. */
  names?: ReadonlyMap<Value, string>;
}

/** The layers as an ONNX graph, still without outputs. */
export function forwardGraph(options: ForwardGraphOptions): Graph {
  const graph = new Graph();
  takeVariables(graph, options.network, options.variable);
  writeForward(graph, options);
  return graph;
}

/** Adds the variable parameters as flat inputs. */
export function takeVariables(graph: Graph, network: Network, variable: (parameter: string) => boolean): void {
  for (const [name, shape] of network.parameters()) if (variable(name)) graph.flatInput(name, shape);
}

/** Adds the network's inputs and layers to a graph that has the variable parameters. */
export function writeForward(graph: Graph, { network, weights, variable, batch, names }: ForwardGraphOptions): void {
  const of = (value: Value): string => names?.get(value) ?? value.name;
  for (const [name, { value, type }] of network.inputs) {
    const input = graph.input(name, [batch, ...value.shape], type);
    graph.node(
      type === 'float16' ? 'Cast' : 'Identity',
      [input],
      type === 'float16' ? { to: elementTypes.FLOAT } : {},
      of(value),
    );
  }
  for (const [name, shape] of network.parameters())
    if (!variable(name)) graph.floats(name, weightOf(weights, name), shape);
  const parameter = (name: string): string => (variable(name) ? graph.shaped(name) : name);
  const pass: ForwardPass = { graph, of, parameter, isVariable: variable };
  for (const operation of network.operations) layerOf(operation).forward(pass, operation, of(operation.output));
}
