import { backbones, type BackboneName } from '../backbones/registry.ts';
import { plainViewCount } from '../features.ts';
import { sizeOf } from '../trainer/network.ts';

/** Everything that decides about a fine-tuning apart from pictures, tags and seed. */
export interface FineTuneRecipe {
  backbone: BackboneName;
  /** Views of each picture to train on, beside the plain ones that a prediction is made from. */
  augmentedViews: number;
  batchSize: number;
  /** Steps of the whole schedule are so many times the pictures, divided by the batch. */
  epochs: number;
  /** Fewest steps, which few pictures get by being seen more often. */
  minSteps: number;
  /** Highest rate of the one-cycle schedule, if it is long. */
  learningRate: number;
  /** A shorter schedule gets a lower rate, by the square root of its length. */
  fullRateSteps: number;
  /** Share of the schedule in which the rate rises. */
  warmUp: number;
  weightDecay: number;
  /** Shape of the beta distribution that the shares of two mixed pictures are drawn from. */
  mixup: number;
  labelSmoothing: number;
  /** Share of the pooled feature that is left out at each step. */
  dropout: number;
  /** How far from the start to the end of the training the model lies, 0 to 1. */
  learnedShare: number;
  /** Longest gradient; a longer one is shortened. */
  clipNorm: number;
}

/** What the number of pictures and the time decide of a recipe. */
export interface FineTuneFacts {
  backbone: BackboneName;
  /** Pictures that may be trained on. */
  imageCount: number;
  /** For everything; null: it takes what it takes. */
  budgetMinutes: number | null;
}

/** Views of all pictures together may take this much, so that a training stays below 4 GiB. */
export const poolBytes = 1.5 * 2 ** 30;
/** More were not better in the study. */
const mostAugmentedViews = 6;
/** So many in the largest set too: what the pool has no room for is read again. */
const fewestAugmentedViews = 2;
/** Rendering is to leave the most of the budget to learning. */
const renderingShare = 0.25;
/** What rendering a view takes, about: 40 to 60 ms on two cores with other work beside. */
const viewMs = 50;
const minuteMs = 60_000;

const fullBatch = 32;
const fullRate = 1e-3;
const fewestSteps = 150;
/** How often the fewest steps show a picture, unless so few are there that the batch is the smallest. */
const mostTimesSeen = 40;
const smallestBatch = 8;

/**
 * The measured settings (clothing, waste): one-cycle to 1e-3 in 30 epochs with mixup, from the output of stride 8 on. Few
 * pictures come in smaller batches at a rate as much lower: no worse, and done in as much less time.
 */
export function fineTuneRecipe(facts: FineTuneFacts): FineTuneRecipe {
  const { backbone, imageCount } = facts;
  const wanted = Math.round((mostTimesSeen * imageCount) / fewestSteps);
  const batchSize = Math.min(fullBatch, Math.max(smallestBatch, wanted));
  return {
    backbone,
    augmentedViews: augmentedViewsOf(facts),
    batchSize,
    epochs: 30,
    minSteps: fewestSteps,
    learningRate: (fullRate * batchSize) / fullBatch,
    fullRateSteps: 300,
    warmUp: 0.1,
    weightDecay: 0.03,
    mixup: 0.2,
    labelSmoothing: 0.1,
    dropout: 0.2,
    learnedShare: 0.6,
    clipNorm: 5,
  };
}

/** As many as memory and time allow for. */
function augmentedViewsOf({ backbone, imageCount, budgetMinutes }: FineTuneFacts): number {
  const pooled = poolBytes / viewBytes(backbone);
  const rendered = ((budgetMinutes ?? Infinity) * minuteMs * renderingShare) / viewMs;
  const affordable = Math.floor(Math.min(pooled, rendered) / imageCount) - plainViewCount;
  return Math.min(mostAugmentedViews, Math.max(fewestAugmentedViews, affordable));
}

/** One view's map at stride 8, two bytes a number. */
export function viewBytes(backbone: BackboneName): number {
  return 2 * sizeOf(backbones[backbone].stride8);
}
