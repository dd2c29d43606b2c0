import { InferenceSession } from 'onnxruntime-node';

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
