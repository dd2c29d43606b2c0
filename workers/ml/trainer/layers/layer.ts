import type { Graph } from '../graph.ts';
import type { Operation, PlainKind, Value } from '../network.ts';

export type OperationOf<Kind extends Operation['kind']> = Kind extends PlainKind
  ? Extract<Operation, { kind: PlainKind }>
  : Extract<Operation, { kind: Kind }>;

/** Where the forward formulas of a layer are written to. Maps are [batch, ...shape]. */
export interface ForwardPass {
  readonly graph: Graph;
  /** Name of a value in the graph. */
  readonly of: (value: Value) => string;
  /** Name of a parameter in the graph. */
  readonly parameter: (name: string) => string;
  /** Whether a parameter is an input; for constants onnxruntime has faster layouts of its own. */
  readonly isVariable: (parameter: string) => boolean;
}

/** Where the gradient formulas of a layer are written to; `of` makes the forward pass keep that value. */
export interface BackwardPass extends ForwardPass {
  readonly batch: number;
  /** Adds to the gradient of a value; the formula is written only if somebody below needs it. */
  readonly toValue: (value: Value, gradient: () => string) => void;
  /** Adds to the gradient of a parameter; the formula is written only if it is trained. */
  readonly toParameter: (parameter: string, gradient: () => string) => void;
}

/** The formulas of one kind of layer. */
export interface Layer<Kind extends Operation['kind']> {
  /** Writes the layer to the graph, its result under the name `output`. */
  forward(pass: ForwardPass, operation: OperationOf<Kind>, output: string): void;
  /** @param gradient name of the loss's gradient with respect to the output */
  backward(pass: BackwardPass, operation: OperationOf<Kind>, gradient: string): void;
}

/** The input of an operation that has one. */
export function inputOf({ inputs: [x] }: Operation): Value {
  if (!x) throw new Error('The operation has no input.');
  return x;
}

/** The inputs of an operation that has two. */
export function bothInputsOf({ inputs: [a, b] }: Operation): [Value, Value] {
  if (!a || !b) throw new Error('The operation has fewer than two inputs.');
  return [a, b];
}
