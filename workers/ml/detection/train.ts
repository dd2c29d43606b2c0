import type { DetectorRecipe } from './recipe.ts';
import type { DetectorParameters } from './detector.ts';

export interface DetectorTraining {
  /** The view pack of one picture. Views that were used lately stay in memory. */
  loadViews: (picture: number) => Promise<Uint8Array>;
  /** Indexes of the pictures that are trained on. */
  members: readonly number[];
  tagCount: number;
  recipe: DetectorRecipe;
  seed: number;
  /** Of one step. */
  threads: number;
  /** To go on from; made by a training with the same recipe, members and seed. */
  checkpoint?: Uint8Array;
  /** Awaited before the next step. */
  onCheckpoint: (state: Buffer, step: number) => Promise<void>;
  onStep: (step: number, progress: { loss: number; learningRate: number }) => void;
  signal?: AbortSignal;
}

export declare function trainDetector(training: DetectorTraining): Promise<DetectorParameters>;
