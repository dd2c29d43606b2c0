import { InferenceSession, Tensor } from 'onnxruntime-node';

/** Opens an ONNX file for inference, which computes the same however many threads it has. */
export function openSession(bytes: Uint8Array, threads = 1): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
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
