import type { Graph } from './graph.ts';
import { sizeOf } from './network.ts';
import { gradientNormName, nextName } from './step-thread.ts';

export interface OptimiserOptions {
  beta1: number;
  beta2: number;
  /** Decoupled from the gradient (Loshchilov and Hutter, arXiv 1711.05101); biases and shifts are not decayed. */
  weightDecay: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** The gradient of all parameters together is shortened to this length. */
  clipNorm?: number;
}

/** What is kept of each trained parameter: itself, the moving averages of AdamW, and that of the weight if wanted. */
export type StateKind = 'weight' | 'mean' | 'square' | 'average';

/** Name of a parameter's state in the graphs and in checkpoints. */
export function stateName(parameter: string, kind: StateKind): string {
  return kind === 'weight' ? parameter : `${parameter}:${kind}`;
}

interface Gradient {
  parameter: string;
  shape: readonly number[];
  /** Name in the graph. */
  gradient: string;
}

/**
 * Writes one step of AdamW for all parameters.
 * @param average how the moving average of the weights forgets; undefined keeps none
 */
export function writeAdamW(graph: Graph, gradients: Gradient[], options: OptimiserOptions, average?: number): void {
  const { beta1, beta2, clipNorm } = options;
  const squares = gradients.map(({ gradient }) => graph.node('ReduceSumSquare', [gradient], { keepdims: 0 }));
  const norm = graph.node('Sqrt', [graph.node('Sum', squares)], {}, gradientNormName);
  graph.output(norm, []);
  const shortening = clipNorm === undefined ? graph.scalar(1) : shorteningTo(graph, norm, clipNorm);
  const meanGain = graph.node('Mul', [shortening, graph.scalar(1 - beta1)]);
  const squaredShortening = graph.node('Mul', [shortening, shortening]);
  const squareGain = graph.node('Mul', [squaredShortening, graph.scalar(1 - beta2)]);
  for (const name of Object.keys(stepNumbers(options, 0, 1))) graph.input(name, []);

  for (const { parameter, shape, gradient: shaped } of gradients) {
    const gradient = graph.node('Reshape', [shaped, graph.integers([-1])]);
    const dims = [sizeOf(shape)];
    const old = (kind: StateKind): string => stateName(parameter, kind);
    const next = (kind: StateKind): string => {
      graph.output(nextName(old(kind)), dims);
      return nextName(old(kind));
    };
    const mul = (a: string, b: string): string => graph.node('Mul', [a, b]);
    graph.input(old('mean'), dims);
    graph.input(old('square'), dims);
    const kept = mul(old('mean'), graph.scalar(beta1));
    const mean = graph.node('Add', [kept, mul(gradient, meanGain)], {}, next('mean'));
    const keptSquare = mul(old('square'), graph.scalar(beta2));
    const square = graph.node('Add', [keptSquare, mul(mul(gradient, gradient), squareGain)], {}, next('square'));
    const deviation = graph.node('Add', [graph.node('Sqrt', [square]), 'epsilon']);
    const change = mul(graph.node('Div', [mean, deviation]), 'stepSize');
    const decayed = shape.length > 1 ? mul(old('weight'), 'decay') : old('weight');
    const weight = graph.node('Sub', [decayed, change], {}, next('weight'));
    if (average === undefined) continue;
    graph.input(old('average'), dims);
    const remembered = mul(old('average'), graph.scalar(average));
    graph.node('Add', [remembered, mul(weight, graph.scalar(1 - average))], {}, next('average'));
  }
}

/** The factor that shortens a gradient longer than `clipNorm` to that length. */
function shorteningTo(graph: Graph, norm: string, clipNorm: number): string {
  const ratio = graph.node('Div', [graph.scalar(clipNorm), graph.node('Add', [norm, graph.scalar(1e-6)])]);
  return graph.node('Min', [graph.scalar(1), ratio]);
}

/**
 * The numbers of one step that the graph takes as inputs. The corrections of both moving averages for their start at zero
 * are worked into the step and the epsilon, which saves two operators for each parameter.
 * @param step from 1
 */
export function stepNumbers(options: OptimiserOptions, learningRate: number, step: number): Record<string, number> {
  const { beta1, beta2, weightDecay, epsilon = 1e-8 } = options;
  const squareCorrection = Math.sqrt(1 - beta2 ** step);
  return {
    stepSize: (learningRate * squareCorrection) / (1 - beta1 ** step),
    epsilon: epsilon * squareCorrection,
    decay: 1 - learningRate * weightDecay,
  };
}
