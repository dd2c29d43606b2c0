import type { BackboneName } from '../backbones/registry.ts';

/** Everything that decides what a detector becomes, apart from pictures and seed. */
export interface DetectorRecipe {
  backbone: Extract<BackboneName, 'efficientnet-lite0'>;
  /** Side of the square that pictures are squashed to, pixels; a multiple of 32. */
  inputSize: number;
  /** Cached copies of each picture: the first as it is, the others varied; tiles come on top. */
  viewsPerImage: number;
  steps: number;
  batchSize: number;
  /** Whether it also looks at four overlapping parts of each picture, for what is small. */
  isTiled: boolean;
  /** Channels of the pyramid and the tower. */
  headWidth: number;
  /** Highest rate, after the warm-up. */
  learningRate: number;
  /** Of the moving average of the weights, which is what the detector uses. */
  averageDecay: number;
  /** A checkpoint is due after this many steps. */
  checkpointSteps: number;
}

export interface DetectorPlan {
  mode: 'QUICK' | 'ADVANCED';
  inputSize: number;
  isTiled: boolean;
  /** Pictures that may be trained on. */
  imageCount: number;
  /** For everything of an ADVANCED training: views and all of its trainings. */
  budgetMinutes: number;
  /** Trainings that share the budget: those of the folds and the last one. */
  trainingCount: number;
  /** What an operator allows. */
  mostSteps?: number;
}

/** Few pictures need more variety; the study used 30 to 40 views of 16 to 28 pictures. */
const tinySet = 30;
const batchSize = 8;

/** Processor seconds of one step and of one view at 320 pixels, on the machine of the study. */
const stepSeconds = 0.16;
const viewSeconds = 0.03;

export function detectorRecipe(plan: DetectorPlan): DetectorRecipe {
  const steps = Math.min(plan.mode === 'QUICK' ? quickSteps(plan) : advancedSteps(plan), plan.mostSteps ?? Infinity);
  return {
    backbone: 'efficientnet-lite0',
    inputSize: plan.inputSize,
    isTiled: plan.isTiled,
    viewsPerImage: viewsOf(plan, steps),
    steps,
    batchSize,
    headWidth: 64,
    learningRate: 2e-3,
    averageDecay: 0.98,
    checkpointSteps: 50,
  };
}

/** Of larger sets more than in the study, where more steps and views helped most: blood cells stood at .83 after 600. */
function quickSteps({ imageCount }: DetectorPlan): number {
  return imageCount <= tinySet ? 500 : 800;
}

/** As many as fit into the budget; the least is still a whole schedule, as one that stops halfway is worse than none. */
function advancedSteps({ imageCount, inputSize, budgetMinutes, trainingCount }: DetectorPlan): number {
  const cost = (inputSize / 320) ** 2;
  const views = imageCount * wantedViews('ADVANCED', imageCount) * viewSeconds * cost;
  const affordable = (budgetMinutes * 60 - views) / (stepSeconds * cost * trainingCount);
  const most = imageCount <= tinySet ? 900 : 1400;
  return Math.round(Math.min(most, Math.max(500, affordable)));
}

function wantedViews(mode: DetectorPlan['mode'], imageCount: number): number {
  if (imageCount <= tinySet) return mode === 'QUICK' ? 39 : 47;
  return mode === 'QUICK' ? 11 : 18;
}

/** A large set is not seen often enough to use so many: then there are about as many views as are trained on. */
function viewsOf({ mode, imageCount }: DetectorPlan, steps: number): number {
  const usable = Math.ceil((steps * batchSize) / Math.max(1, imageCount));
  return 1 + Math.min(wantedViews(mode, imageCount), usable);
}
