import type { ProjectKind } from '../head-loss.ts';
import type { FineTuneRecipe } from './recipe.ts';
import type { TunedWeights } from './tuned-model.ts';

export interface FineTuneInput {
  /** The pack that `stageViews` made of a picture; asked for again and again, each time it does not fit into memory. */
  views: (picture: number) => Promise<Uint8Array>;
  /** By picture: indexes of its tags. */
  targets: number[][];
  tagCount: number;
  kind: ProjectKind;
  /** Indexes of the pictures that are trained on. */
  members: number[];
  recipe: FineTuneRecipe;
  seed: number;
  threads: number;
  /** What this training may take, counted over all attempts; the schedule is shortened to fit. */
  budgetMs: number;
  /** Where an earlier attempt was; it goes on as if nothing had happened. */
  checkpoint?: Uint8Array;
  onCheckpoint?: (state: Buffer, fraction: number) => Promise<void>;
  onStep?: (step: FineTuneStep) => void;
  signal?: AbortSignal;
}

export interface FineTuneStep {
  /** From 1. */
  step: number;
  /** Of the whole schedule, as it is planned by now. */
  steps: number;
  loss: number;
  learningRate: number;
  /** 0 to 1. */
  fraction: number;
}

export declare function fineTune(input: FineTuneInput): Promise<TunedWeights>;
