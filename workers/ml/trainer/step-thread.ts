import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { floats, halvesTensor, openSession } from '../session.ts';

/** What a thread needs to take the steps of one training. */
export interface StepPlan {
  /** The pass that comes before a step, unless the graph of the step has it. What its graph gives beside `outputs` the step takes. */
  forward?: { file: Uint8Array; outputs: string[] };
  /** ONNX file of what changes the state. */
  step: Uint8Array;
  /** Outputs of the step that are single numbers which its caller wants. */
  numbers: string[];
  threads: number;
  /** What changes from step to step, by its name in the graphs. */
  state: State;
}

/** [length], each by the name of the graphs' input; the graph of the step gives the next one under `nextName`. */
export type State = Record<string, Float32Array>;

export type StepInputs = Record<string, StepInput>;

export interface StepInput {
  dims: readonly number[];
  /** The bits of half-precision numbers if they are of 16 bits. */
  data: Float32Array | Uint16Array;
}

/** Output of the step that takes the place of an input at the next step. */
export function nextName(state: string): string {
  return `${state}:next`;
}

/** Output of the step: the length of all gradients together, before it was shortened. */
export const gradientNormName = 'gradientNorm';

type Tensors = Record<string, Tensor>;

/** What a training has open, and what one pass hands to the next. */
interface Opened {
  forward: { session: InferenceSession; outputs: string[] } | undefined;
  step: InferenceSession;
  numbers: string[];
  state: Tensors;
  /** What the last forward pass left for the step. */
  values: Tensors;
}

/** A thread serves one training. */
let opened: Opened | undefined;

export async function open({ forward, step, numbers, threads, state }: StepPlan): Promise<void> {
  const before = forward && { session: await openSession(forward.file, threads), outputs: forward.outputs };
  opened = { forward: before, step: await openSession(step, threads), numbers, state: flatTensors(state), values: {} };
}

export async function forward(inputs: StepInputs): Promise<Record<string, Float32Array>> {
  const own = training();
  if (!own.forward) throw new Error('This training has its forward pass in the step.');
  own.values = await own.forward.session.run({ ...tensorsOf(inputs), ...own.state });
  return Object.fromEntries(own.forward.outputs.map((name) => [name, floats(own.values[name])]));
}

export async function step(inputs: StepInputs): Promise<Record<string, number>> {
  const own = training();
  const results = await own.step.run({ ...tensorsOf(inputs), ...own.values, ...own.state });
  for (const name of Object.keys(own.state)) own.state[name] = results[nextName(name)] as Tensor;
  own.values = {};
  return Object.fromEntries(own.numbers.map((name) => [name, floats(results[name])[0] ?? NaN]));
}

export function readState(): State {
  return Object.fromEntries(Object.entries(training().state).map(([name, tensor]) => [name, floats(tensor)]));
}

export function writeState(state: State): void {
  training().state = flatTensors(state);
}

function training(): Opened {
  if (!opened) throw new Error('This thread has no training yet.');
  return opened;
}

function flatTensors(state: State): Tensors {
  return Object.fromEntries(
    Object.entries(state).map(([name, data]) => [name, new Tensor('float32', data, [data.length])]),
  );
}

function tensorsOf(inputs: StepInputs): Tensors {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, dims }]) => [
      name,
      data instanceof Uint16Array ? halvesTensor(data, [...dims]) : new Tensor('float32', data, dims),
    ]),
  );
}
