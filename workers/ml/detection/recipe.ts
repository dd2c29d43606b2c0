import type { DetectorShape } from './shape.ts';

/** Everything that decides what a detector becomes, apart from pictures and seed. */
export interface DetectorRecipe extends DetectorShape {
  /** Cached copies of each picture: the first as it is, the others varied; what else a prediction looks at comes on top. */
  viewsPerImage: number;
  /** Share of the varied copies that are at the scale of a tile. */
  closeUpShare: number;
  /** Steps of the whole schedule. */
  steps: number;
  /** When the time is too short for the whole: a detector that has learned less is of no use. */
  fewestSteps: number;
  batchSize: number;
  /** Highest rate, after the warm-up. */
  learningRate: number;
  /** Decay of the exponential moving average of the weights (the detector uses the average). */
  averageDecay: number;
  /** A checkpoint is due after this many steps. */
  checkpointSteps: number;
  /** What comes after the heads have learned, if anything: the backbone learns with them, from stride 8 on. */
  tuning: Tuning | null;
}

export interface Tuning {
  steps: number;
  /** When the time is too short for the whole; 0: then the backbone may stay as it is. */
  fewestSteps: number;
  batchSize: number;
  /** Highest rate, after the warm-up: what was learned from a million photographs should move a little only. */
  learningRate: number;
  /**
   * Of the schedule that sees varied views; the rest sees the pictures as a prediction does, so that the detector forgets what
   * only the variation shows, such as objects cut by the edge of a crop. Default 1, for plans made before.
   */
  variedShare?: number;
}

export interface DetectorRecipeInput {
  mode: 'QUICK' | 'ADVANCED';
  inputSize: number;
  isTiled: boolean;
  /** Pictures that may be trained on. */
  imageCount: number;
  /** What each of its trainings may take, in minutes; null: what it takes. */
  partMinutes: number | null;
  /** What an operator allows. */
  mostSteps?: number;
}

/** Few pictures need more variety; the study used 30 to 40 views of 16 to 28 pictures. */
const tinySet = 30;
const batchSize = 8;
const minutesOfSeveralHeads = 6;
/** A schedule that an operator cuts short is saved halfway all the same. */
const mostCheckpointSteps = 50;
/** Side of the pictures up to which a batch with all maps of the backbone stays below 4 GiB. */
const mostPixelsOfWholeBatch = 416;

export function detectorRecipe(input: DetectorRecipeInput): DetectorRecipe {
  const { steps, tuningSteps } = allowedSteps(input);
  return {
    backbone: 'efficientnet-lite0',
    inputSize: input.inputSize,
    isTiled: input.isTiled,
    isMirrored: input.mode === 'ADVANCED',
    filledShare: filledShareOf(input),
    viewsPerImage: viewsOf(input, steps),
    closeUpShare: closeUpsOf(input),
    steps,
    fewestSteps: Math.min(steps, wantedSteps('QUICK', input.imageCount)),
    batchSize,
    headWidth: 64,
    heads: headsOf(input),
    learningRate: 2e-3,
    averageDecay: 0.98,
    checkpointSteps: Math.min(mostCheckpointSteps, Math.ceil(steps / 2)),
    tuning: tuningSteps > 0 ? tuningOf(input, tuningSteps) : null,
  };
}

/** What is allowed goes to heads and backbone in the proportion that they would have. */
function allowedSteps({ mode, imageCount, mostSteps = Infinity }: DetectorRecipeInput): {
  steps: number;
  tuningSteps: number;
} {
  const wanted = { steps: wantedSteps(mode, imageCount), tuningSteps: wantedTuningSteps(mode, imageCount) };
  const tuningSteps = Math.floor(wanted.tuningSteps * Math.min(1, mostSteps / (wanted.steps + wanted.tuningSteps)));
  return { steps: Math.min(wanted.steps, mostSteps - tuningSteps), tuningSteps };
}

/**
 * A step keeps every map of the backbone in memory: larger pictures come in smaller batches. Few photographs would be seen as
 * they are sixty times each.
 */
function tuningOf({ inputSize, imageCount }: DetectorRecipeInput, steps: number): Tuning {
  return {
    steps,
    fewestSteps: Math.min(steps, wantedTuningSteps('QUICK', imageCount)),
    batchSize: inputSize > mostPixelsOfWholeBatch ? batchSize / 2 : batchSize,
    learningRate: 3e-4,
    variedShare: imageCount <= tinySet ? 1 : 0.5,
  };
}

/** Steps of the heads; more for larger sets than in the study, since these gained most from more steps and views: blood cells stood at .83 after 600. */
function wantedSteps(mode: DetectorRecipeInput['mode'], imageCount: number): number {
  if (imageCount <= tinySet) return mode === 'QUICK' ? 500 : 900;
  return mode === 'QUICK' ? 800 : 1400;
}

/** Few photographs gain most, in a minute; of more a QUICK training leaves the backbone as it is. 500 gave no more than 250. */
function wantedTuningSteps(mode: DetectorRecipeInput['mode'], imageCount: number): number {
  if (mode === 'ADVANCED') return 300;
  return imageCount <= tinySet ? 150 : 0;
}

function wantedViews(mode: DetectorRecipeInput['mode'], imageCount: number): number {
  if (imageCount <= tinySet) return mode === 'QUICK' ? 39 : 47;
  return mode === 'QUICK' ? 11 : 18;
}

/** A large set is not seen often enough to use so many: then there are about as many views as are trained on. */
function viewsOf({ mode, imageCount }: DetectorRecipeInput, steps: number): number {
  const usable = Math.ceil((steps * batchSize) / Math.max(1, imageCount));
  return 1 + Math.min(wantedViews(mode, imageCount), usable);
}

/** Several take some minutes for the fewest steps alone; with less time, more steps of one head are the better use of it. */
function headsOf({ mode, partMinutes }: DetectorRecipeInput): number {
  const isWorthIt = (partMinutes ?? Infinity) >= minutesOfSeveralHeads;
  return mode === 'ADVANCED' && isWorthIt ? 3 : 1;
}

/** In varied views of few pictures, whole objects that are nearly as large as the input are rare: a margin makes them smaller. */
function filledShareOf({ imageCount }: DetectorRecipeInput): number {
  return imageCount <= tinySet ? 0.9 : 1;
}

/**
 * A tiled detector looks at tiles as often as at wholes. Few pictures hold few sizes: an object larger than any of them would
 * get a box of the size that is known.
 */
function closeUpsOf({ isTiled, imageCount }: DetectorRecipeInput): number {
  if (isTiled) return 0.5;
  return imageCount <= tinySet ? 0.3 : 0;
}
