import { InferenceSession } from 'onnxruntime-node';

/** Opens an ONNX file that has been made here. The same file and number of threads give the same bytes at every run. */
export function openSession(bytes: Uint8Array, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Waiting threads that spin starve the other processes of a small machine.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  });
}
