import type { Graph } from './graph.ts';

/** Names in the graph. */
export interface LossInGraph {
  /** One number. */
  loss: string;
  /** Gradient of the loss with respect to the logits; same length. */
  gradient: string;
}

/**
 * Writes a loss and its gradient into a graph.
 * @param logits name of [batch, classes]
 * @param targets name of [batch, classes]
 */
export type Loss = (graph: Graph, logits: string, targets: string, batch: number) => LossInGraph;

/** Cross-entropy to a softmax, the mean of all pictures; the shares that a picture's targets give its classes add up to 1. */
export const softmaxCrossEntropy: Loss = (graph, logits, targets, batch) => {
  const logShares = graph.node('LogSoftmax', [logits], { axis: 1 });
  const agreement = sumOf(graph, graph.node('Mul', [targets, logShares]));
  return {
    loss: graph.node('Mul', [agreement, graph.scalar(-1 / batch)]),
    gradient: meanDifference(graph, graph.node('Exp', [logShares]), targets, batch),
  };
};

/** Cross-entropy to one sigmoid for each class, targets 0 to 1: summed over the classes, the mean of all pictures. */
export const sigmoidCrossEntropy: Loss = (graph, logits, targets, batch) => {
  const agreement = graph.node('Mul', [targets, logits]);
  const each = graph.node('Sub', [graph.node('Softplus', [logits]), agreement]);
  return {
    loss: graph.node('Mul', [sumOf(graph, each), graph.scalar(1 / batch)]),
    gradient: meanDifference(graph, graph.node('Sigmoid', [logits]), targets, batch),
  };
};

function sumOf(graph: Graph, values: string): string {
  return graph.node('ReduceSum', [values], { keepdims: 0 });
}

function meanDifference(graph: Graph, a: string, b: string, batch: number): string {
  return graph.node('Mul', [graph.node('Sub', [a, b]), graph.scalar(1 / batch)]);
}
