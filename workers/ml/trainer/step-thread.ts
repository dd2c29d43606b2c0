import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { floats, halvesTensor, openSession } from '../session.ts';

/** What a thread needs to take the steps of one training. */
export interface StepPlan {
  /** ONNX files. What the forward graph gives beside `outputs` the backward graph takes. */
  forward: Uint8Array;
  backward: Uint8Array;
  threads: number;
  /** Values of the forward graph that its caller wants. */
  outputs: string[];
  /** What changes from step to step, by its name in both graphs. */
  state: State;
}

/** [length], each by the name of the graphs' input; the backward graph gives the next one under `nextName`. */
export type State = Record<string, Float32Array>;

export type StepInputs = Record<string, StepInput>;

export interface StepInput {
  dims: readonly number[];
  /** The bits of half-precision numbers if they are of 16 bits. */
  data: Float32Array | Uint16Array;
}

/** Output of the backward graph that takes the place of an input at the next step. */
export function nextName(state: string): string {
  return `${state}:next`;
}

/** Output of the backward graph: the length of all gradients together. */
export const gradientNormName = 'gradientNorm';

type Tensors = Record<string, Tensor>;

/** The two sessions of a training, and what they hand to each other. */
interface Sessions {
  forward: InferenceSession;
  backward: InferenceSession;
  outputs: string[];
  state: Tensors;
  /** What the last forward pass left for the backward pass. */
  values: Tensors;
}

/** A thread serves one training. */
let opened: Sessions | undefined;

export async function open({ forward, backward, threads, outputs, state }: StepPlan): Promise<void> {
  opened = {
    forward: await openSession(forward, threads),
    backward: await openSession(backward, threads),
    outputs,
    state: flatTensors(state),
    values: {},
  };
}

export async function forward(inputs: StepInputs): Promise<Record<string, Float32Array>> {
  const own = sessions();
  own.values = await own.forward.run({ ...tensorsOf(inputs), ...own.state });
  return Object.fromEntries(own.outputs.map((name) => [name, floats(own.values[name])]));
}

/** @returns the length of the gradient before it was shortened */
export async function backward(inputs: StepInputs): Promise<number> {
  const own = sessions();
  const results = await own.backward.run({ ...tensorsOf(inputs), ...own.values, ...own.state });
  for (const name of Object.keys(own.state)) own.state[name] = results[nextName(name)] as Tensor;
  own.values = {};
  return floats(results[gradientNormName])[0] ?? NaN;
}

export function readState(): State {
  return Object.fromEntries(Object.entries(sessions().state).map(([name, tensor]) => [name, floats(tensor)]));
}

export function writeState(state: State): void {
  sessions().state = flatTensors(state);
}

function sessions(): Sessions {
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
