import { fileURLToPath } from 'node:url';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** Threads find it by this name in the data that they inherit from the process. */
const providersKey = 'taglens:execution-providers';

/** A small graph of operators that every execution provider has. */
const trialGraph = fileURLToPath(new URL('classification/head-softmax.onnx', import.meta.url));

/**
 * Chooses what all sessions that are opened from now on compute on, in this thread and in threads that are started from now on.
 * @param names as onnxruntime knows them, the preferred one first; the processor takes what none of them can do
 * @throws Error naming the first that does not work on this machine
 */
export async function useExecutionProviders(names: readonly string[]): Promise<void> {
  for (const name of names) await tryProvider(name);
  setEnvironmentData(providersKey, [...names]);
}

async function tryProvider(name: string): Promise<void> {
  if (name === 'cpu') return;
  try {
    const session = await InferenceSession.create(trialGraph, { executionProviders: [name] });
    await session.release();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The execution provider ${name} does not work here: ${reason}`, { cause: error });
  }
}

/** Opens an ONNX file for inference, which computes the same however many threads it has. */
export function openSession(bytes: Uint8Array, threads = 1): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: (getEnvironmentData(providersKey) as string[] | undefined) ?? ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Waiting threads that spin starve the other processes of a small machine.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  });
}

/** The numbers of an output that must be float32. */
export function floats(value: InferenceSession.OnnxValueMapType[string] | undefined): Float32Array {
  if (!(value?.data instanceof Float32Array)) throw new TypeError('The model returned no float32 output.');
  return value.data;
}

/**
 * Half-precision numbers as a tensor. From Node 24 on JavaScript has a Float16Array, which onnxruntime puts in place of the
 * bits and its native part (1.27) takes for an empty array: the bits themselves it reads.
 */
export function halvesTensor(bits: Uint16Array, dims: readonly number[]): Tensor {
  return Object.assign(new Tensor('float16', bits, dims), { cpuData: bits });
}
