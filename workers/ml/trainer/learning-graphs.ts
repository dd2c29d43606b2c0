import { takeVariables, writeForward } from './forward-graph.ts';
import { Graph } from './graph.ts';
import type { BackwardPass } from './layers/layer.ts';
import { layerOf } from './layers/registry.ts';
import type { Loss } from './losses.ts';
import { weightOf, type Network, type Operation, type Value, type Weights } from './network.ts';
import { writeAdamW, type OptimiserOptions } from './optimiser.ts';
import { gradientNormName } from './step-thread.ts';

export interface LearningGraphOptions {
  network: Network;
  weights: Weights;
  trained: (parameter: string) => boolean;
  batch: number;
  optimiser: OptimiserOptions;
  average?: number;
}

/** A graph that ends with the next weights. */
export interface LearningGraph {
  graph: Graph;
  /** Parameters that the graph changes. */
  trained: string[];
  /** Outputs beside the next state, a single number each. */
  numbers: string[];
}

export interface BackwardGraph extends LearningGraph {
  /** Values of the forward pass that the graph takes as inputs, by their names. */
  kept: Value[];
  /** Outputs of the network whose gradient the graph takes as an input. */
  outputs: string[];
}

/** Name of the input that takes the gradient of a network's output. */
export function outputGradientName(output: string): string {
  return `${output}:gradient`;
}

/** Name of the input that takes the targets of a network's output. */
export function targetsName(output: string): string {
  return `${output}:targets`;
}

/** Output of a graph with losses: their sum. */
export const lossName = 'loss';

/** From kept values and the gradients of the outputs to the next weights: reverse-mode differentiation and AdamW. */
export function backwardGraph(options: LearningGraphOptions): BackwardGraph {
  const walk = new BackwardWalk(options, false);
  const outputs = walk.takeOutputGradients();
  const trained = writeLearning(walk, options);
  return { graph: walk.graph, trained, numbers: [gradientNormName], kept: walk.kept(), outputs };
}

/** The same from the inputs of the network and the targets of some outputs: forward pass, losses and backward pass in one. */
export function wholeGraph(options: LearningGraphOptions, losses: Readonly<Record<string, Loss>>): LearningGraph {
  const walk = new BackwardWalk(options, true);
  walk.takeLosses(losses);
  return { graph: walk.graph, trained: writeLearning(walk, options), numbers: [gradientNormName, lossName] };
}

/** Writes the gradients of all layers and what they change. */
function writeLearning(walk: BackwardWalk, options: LearningGraphOptions): string[] {
  const { network, optimiser, average } = options;
  for (const operation of [...network.operations].reverse()) walk.through(operation);
  const gradients = [...network.parameters()].flatMap(([parameter, shape]) => {
    const gradient = walk.ofParameter(parameter);
    return gradient === undefined ? [] : [{ parameter, shape, gradient }];
  });
  const names = gradients.map(({ parameter }) => parameter);
  const idle = [...network.parameters().keys()].filter((name) => learns(options, name) && !names.includes(name));
  if (idle.length) throw new Error(`No output depends on the parameters ${idle.join(', ')}.`);
  if (!gradients.length) throw new Error('No parameter is trained.');
  writeAdamW(walk.graph, gradients, optimiser, average);
  return names;
}

class BackwardWalk implements BackwardPass {
  readonly graph = new Graph();
  readonly batch: number;
  /** Values that depend on a trained parameter: only their gradients are worth computing. */
  private readonly learning: ReadonlySet<Value>;
  private readonly valueGradients = new Map<Value, string[]>();
  private readonly parameterGradients = new Map<string, string[]>();
  private readonly taken = new Map<string, Value>();

  /** @param hasForward whether the graph computes the values of the forward pass itself, instead of taking them */
  constructor(
    private readonly options: LearningGraphOptions,
    private readonly hasForward: boolean,
  ) {
    const { network, weights, batch } = options;
    this.batch = batch;
    this.learning = learningValues(options);
    takeVariables(this.graph, network, this.isVariable);
    if (hasForward) writeForward(this.graph, { network, weights, variable: this.isVariable, batch });
  }

  takeOutputGradients(): string[] {
    const learning = [...this.options.network.outputs].filter(([, value]) => this.learning.has(value));
    for (const [output, value] of learning)
      append(this.valueGradients, value, this.graph.input(outputGradientName(output), [this.batch, ...value.shape]));
    return learning.map(([output]) => output);
  }

  takeLosses(losses: Readonly<Record<string, Loss>>): void {
    const parts = Object.entries(losses).map(([output, write]) => {
      const value = this.options.network.outputs.get(output);
      if (!value) throw new Error(`The network has no output ${output}.`);
      const targets = this.graph.input(targetsName(output), [this.batch, ...value.shape]);
      const { loss, gradient } = write(this.graph, value.name, targets, this.batch);
      append(this.valueGradients, value, gradient);
      return loss;
    });
    this.graph.output(this.graph.node('Sum', parts, {}, lossName), []);
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
    if (this.hasForward) return value.name;
    if (!this.taken.has(value.name)) this.graph.input(value.name, [this.batch, ...value.shape]);
    this.taken.set(value.name, value);
    return value.name;
  };

  readonly parameter = (name: string): string => {
    const { network, weights } = this.options;
    if (this.isVariable(name)) return this.graph.shaped(name);
    return this.graph.floats(name, weightOf(weights, name), network.parameters().get(name) ?? []);
  };

  readonly isVariable = (parameter: string): boolean => learns(this.options, parameter);

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

/** Whether a training with these options changes the parameter. */
export function learns(
  { network, trained }: Pick<LearningGraphOptions, 'network' | 'trained'>,
  parameter: string,
): boolean {
  return trained(parameter) && !network.isFixed(parameter);
}

function learningValues(options: LearningGraphOptions): Set<Value> {
  const learning = new Set<Value>();
  for (const { inputs, output, parameters } of options.network.operations) {
    const ownParameters = Object.values<string>({ ...parameters });
    if (inputs.some((x) => learning.has(x)) || ownParameters.some((name) => learns(options, name)))
      learning.add(output);
  }
  return learning;
}

function append<Key>(lists: Map<Key, string[]>, key: Key, item: string): void {
  lists.set(key, [...(lists.get(key) ?? []), item]);
}
