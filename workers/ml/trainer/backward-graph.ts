import { Graph } from './graph.ts';
import type { BackwardPass } from './layers/layer.ts';
import { layerOf } from './layers/registry.ts';
import { weightOf, type Network, type Operation, type Value, type Weights } from './network.ts';
import { writeAdamW, type OptimiserOptions } from './optimiser.ts';

export interface BackwardGraphOptions {
  network: Network;
  weights: Weights;
  trained: (parameter: string) => boolean;
  batch: number;
  optimiser: OptimiserOptions;
  average?: number;
}

export interface BackwardGraph {
  graph: Graph;
  /** Values of the forward pass that the graph takes as inputs, by their names. */
  kept: Value[];
  /** Outputs of the network whose gradient the graph takes as an input. */
  outputs: string[];
  /** Parameters that the graph changes. */
  trained: string[];
}

/** Name of the input that takes the gradient of a network's output. */
export function outputGradientName(output: string): string {
  return `${output}:gradient`;
}

/** From kept values and the gradients of the outputs to the next weights: reverse-mode differentiation and AdamW. */
export function backwardGraph(options: BackwardGraphOptions): BackwardGraph {
  const { network, trained, optimiser, average } = options;
  const walk = new BackwardWalk(options);
  const outputs = walk.takeOutputGradients();
  for (const operation of [...network.operations].reverse()) walk.through(operation);
  const gradients = [...network.parameters()].flatMap(([parameter, shape]) => {
    const gradient = walk.ofParameter(parameter);
    return gradient === undefined ? [] : [{ parameter, shape, gradient }];
  });
  const names = gradients.map(({ parameter }) => parameter);
  const idle = [...network.parameters().keys()].filter(
    (name) => trained(name) && !network.isFixed(name) && !names.includes(name),
  );
  if (idle.length) throw new Error(`No output depends on the parameters ${idle.join(', ')}.`);
  if (!gradients.length) throw new Error('No parameter is trained.');
  writeAdamW(walk.graph, gradients, optimiser, average);
  return { graph: walk.graph, kept: walk.kept(), outputs, trained: names };
}

class BackwardWalk implements BackwardPass {
  readonly graph = new Graph();
  readonly batch: number;
  private readonly options: BackwardGraphOptions;
  /** Values that depend on a trained parameter: only their gradients are worth computing. */
  private readonly learning: ReadonlySet<Value>;
  private readonly valueGradients = new Map<Value, string[]>();
  private readonly parameterGradients = new Map<string, string[]>();
  private readonly taken = new Map<string, Value>();

  constructor(options: BackwardGraphOptions) {
    this.options = options;
    this.batch = options.batch;
    this.learning = learningValues(options);
    for (const [name, shape] of options.network.parameters())
      if (this.isVariable(name)) this.graph.flatInput(name, shape);
  }

  takeOutputGradients(): string[] {
    const learning = [...this.options.network.outputs].filter(([, value]) => this.learning.has(value));
    for (const [output, value] of learning)
      append(this.valueGradients, value, this.graph.input(outputGradientName(output), [this.batch, ...value.shape]));
    return learning.map(([output]) => output);
  }

  through(operation: Operation): void {
    const gradient = this.sumOf(this.valueGradients.get(operation.output));
    if (gradient !== undefined) layerOf(operation).backward(this, operation, gradient);
  }

  ofParameter(parameter: string): string | undefined {
    return this.sumOf(this.parameterGradients.get(parameter));
  }

  kept(): Value[] {
    return [...this.taken.values()];
  }

  // Arrow functions, since the formulas take them out of the pass.
  readonly of = (value: Value): string => {
    if (!this.taken.has(value.name)) this.graph.input(value.name, [this.batch, ...value.shape]);
    this.taken.set(value.name, value);
    return value.name;
  };

  readonly parameter = (name: string): string => {
    const { network, weights } = this.options;
    if (this.isVariable(name)) return this.graph.shaped(name);
    return this.graph.floats(name, weightOf(weights, name), network.parameters().get(name) ?? []);
  };

  readonly isVariable = (parameter: string): boolean => isTrained(this.options, parameter);

  readonly toValue = (value: Value, gradient: () => string): void => {
    if (this.learning.has(value)) append(this.valueGradients, value, gradient());
  };

  readonly toParameter = (parameter: string, gradient: () => string): void => {
    if (this.isVariable(parameter)) append(this.parameterGradients, parameter, gradient());
  };

  private sumOf(parts: string[] | undefined): string | undefined {
    return parts && parts.length > 1 ? this.graph.node('Sum', parts) : parts?.[0];
  }
}

function isTrained({ network, trained }: BackwardGraphOptions, parameter: string): boolean {
  return trained(parameter) && !network.isFixed(parameter);
}

function learningValues(options: BackwardGraphOptions): Set<Value> {
  const learning = new Set<Value>();
  for (const { inputs, output, parameters } of options.network.operations) {
    const ownParameters = Object.values<string>({ ...parameters });
    if (inputs.some((x) => learning.has(x)) || ownParameters.some((name) => isTrained(options, name)))
      learning.add(output);
  }
  return learning;
}

function append<Key>(lists: Map<Key, string[]>, key: Key, item: string): void {
  lists.set(key, [...(lists.get(key) ?? []), item]);
}
