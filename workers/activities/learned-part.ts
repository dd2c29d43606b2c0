import { readTensorFile, writeTensorFile } from '../ml/tensor-file.ts';
import type { Weights } from '../ml/trainer/network.ts';
import type { TrainingCurvePoint } from '../../schema/contracts/training.ts';

/** What a part is given. Images are told by their place in the snapshot. */
export interface PartRun {
  members: number[];
  /** Images that it must not see, and is judged on. */
  judged: number[];
  loadViews: (index: number) => Promise<Buffer>;
  seed: number;
  threads: number;
  signal: AbortSignal;
  /** Where an earlier attempt was. */
  checkpoint: Buffer | undefined;
  onCheckpoint: (state: Buffer) => Promise<void>;
  onStep: (facts: Pick<TrainingCurvePoint, 'step' | 'steps' | 'loss' | 'learningRate'>) => void;
}

/** What comes out of it. */
export interface LearnedPart {
  weights: Weights;
  /** What it made of the judged images, in the plan's own form. */
  judged: Buffer;
  /** The same as a figure; null when there are none. */
  heldOut: number | null;
}

/** Flat: the shapes follow from the networks. */
export function writeWeights(weights: Weights): Buffer {
  return writeTensorFile({}, new Map([...weights].map(([name, data]) => [name, { shape: [data.length], data }])));
}

export function readWeights(bytes: Uint8Array): Weights {
  return new Map([...readTensorFile(bytes).tensors].map(([name, { data }]) => [name, data]));
}
