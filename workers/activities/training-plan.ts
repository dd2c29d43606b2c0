import { keys } from '../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../infra/storage/storage.ts';
import type { Snapshot } from '../../schema/contracts/training.ts';
import type { Iteration } from '../../schema/entities/iteration.entity.ts';
import { TrainingMode } from '../../schema/enums.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';
import type { DetectorRecipe, DetectorRecipeInput } from '../ml/detection/recipe.ts';
import type { FineTuneFacts, FineTuneRecipe } from '../ml/fine-tuning/recipe.ts';
import { assignFolds, groupNearDuplicates } from '../ml/folds.ts';

/** A training by gradient descent within an iteration. */
export interface Part {
  /** The fold that it does not see and is judged on; null: it sees all, and makes the model. */
  heldOutFold: number | null;
}

interface GradientPlan<Name, Recipe> {
  name: Name;
  shardSize: number;
  recipe: Recipe;
  /** By image of the snapshot; test images belong to none. */
  folds: number[];
  parts: Part[];
  /** For extraction and learning, while a worker is at it; null: it takes what it takes. */
  budgetMs: number | null;
}

interface HeadPlan {
  name: 'HEAD';
  shardSize: number;
}
export type DetectorPlan = GradientPlan<'DETECTOR', DetectorRecipe>;
export type FineTunePlan = GradientPlan<'FINE_TUNE', FineTuneRecipe>;

/** The plan does not fit what it is for, a fault of the program: no attempt can end otherwise. */
export class WrongPlanError extends Error {
  readonly nonRetryable = true;
}

/** Everything about a training that is decided at its start, so that no later step and no later version decides anew. */
export type TrainingPlan = HeadPlan | DetectorPlan | FineTunePlan;

/** Where the recipes come from. */
export interface Recipes {
  detector: (facts: DetectorRecipeInput) => DetectorRecipe;
  fineTuning: (facts: FineTuneFacts) => FineTuneRecipe;
}

/** Images a shard: small enough that a lost worker costs little, large enough that the journal stays short. */
const pooledShardSize = 256;
/** The same for views, which take ten times as long. */
const viewsShardSize = 32;
/** All shards are asked for at once, and Temporal refuses more than 2000 activities of a training that are pending. */
const mostShards = 1500;

/** Up to here every image is held out once: fewer would not say enough. */
const fewImages = 100;
const foldsOfFew = 3;
/** Number of folds with more images, of which one is held out. */
const foldsOfMany = 5;

/** Fewer test images than this measure an ADVANCED classifier, but do not decide whether it is better than the quick one. */
export const enoughTestImages = 20;

/** Share of the budget left by the extraction that is spent learning; the rest goes into opening and judging a part. */
const learningShare = 0.9;
/** A part gets this much of an even share at least, however long the extraction took. */
const leastShare = 0.5;
const minuteMs = 60_000;

const headPlan: HeadPlan = { name: 'HEAD', shardSize: pooledShardSize };

const shardSizeOf = ({ images }: Snapshot, leastSize: number): number =>
  Math.max(leastSize, Math.ceil(images.length / mostShards));

export async function makePlan(iteration: Iteration, snapshot: Snapshot, recipes: Recipes): Promise<TrainingPlan> {
  if (snapshot.kind === 'DETECTION') return detectorPlan(iteration, snapshot, recipes);
  if (iteration.mode === TrainingMode.ADVANCED) return fineTunePlan(iteration, snapshot, recipes);
  return { ...headPlan, shardSize: shardSizeOf(snapshot, pooledShardSize) };
}

async function detectorPlan(
  { mode, inputSize, isTiled, seed, budgetMinutes }: Iteration,
  snapshot: Snapshot,
  recipes: Recipes,
): Promise<DetectorPlan> {
  if (inputSize === null) throw new Error('The iteration of a detector has no input size.');
  const { folds, parts, imageCount } = await divide(snapshot, seed, 1);
  const partMinutes = budgetMinutes === null ? null : budgetMinutes / parts.length;
  const recipe = recipes.detector({ mode, inputSize, isTiled, imageCount, partMinutes });
  const budgetMs = inMs(budgetMinutes);
  const shardSize = shardSizeOf(snapshot, viewsShardSize);
  return { name: 'DETECTOR', shardSize, recipe, folds, parts, budgetMs };
}

async function fineTunePlan(
  { backbone, seed, budgetMinutes }: Iteration,
  snapshot: Snapshot,
  recipes: Recipes,
): Promise<FineTunePlan> {
  const { folds, parts, imageCount } = await divide(snapshot, seed, enoughTestImages);
  const recipe = recipes.fineTuning({ backbone: backbone as BackboneName, imageCount, budgetMinutes });
  const budgetMs = inMs(budgetMinutes);
  const shardSize = shardSizeOf(snapshot, viewsShardSize);
  return { name: 'FINE_TUNE', shardSize, recipe, folds, parts, budgetMs };
}

const inMs = (minutes: number | null): number | null => (minutes === null ? null : minutes * minuteMs);

/**
 * How long a part may learn: an even share of what the extraction left, as if all came after one another. The same for each,
 * so that the figures come from trainings like that of the model, and however long they wait for a worker.
 */
export function budgetOfPart({ budgetMs, parts }: DetectorPlan | FineTunePlan, extractionMs: number): number {
  // Plans of detectors that an earlier version made say nothing of time.
  if (budgetMs == null) return Infinity;
  return Math.max(leastShare * budgetMs, learningShare * (budgetMs - extractionMs)) / parts.length;
}

/**
 * The user's own test images judge the model itself; else there are trainings that are only judged.
 * @param enough of the test images, for doing without those trainings
 */
async function divide(
  { images }: Snapshot,
  seed: number,
  enough: number,
): Promise<{ folds: number[]; parts: Part[]; imageCount: number }> {
  const isTest = images.map((image) => image.isTest);
  const imageCount = isTest.filter((is) => !is).length;
  const isJudgedByTest = images.length - imageCount >= enough;
  const folds = assignFolds({
    targets: images.map(({ tagIndexes }) => tagIndexes),
    groups: await groupNearDuplicates(images.map(({ perceptualHash }) => perceptualHash)),
    isTest,
    seed,
    maxFolds: imageCount <= fewImages ? foldsOfFew : foldsOfMany,
  });
  const foldCount = imageCount <= fewImages ? Math.max(...folds) + 1 : 1;
  const heldOut = Array.from({ length: isJudgedByTest ? 0 : foldCount }, (_, fold) => ({ heldOutFold: fold }));
  // Folds that no training leaves out are one, so that mosaics may mix all of their images.
  const merged = [...folds].map((fold) => Math.min(fold, heldOut.length));
  return { folds: merged, parts: [...heldOut, { heldOutFold: null }], imageCount };
}

export async function writePlan(storage: Storage, iterationId: string, plan: TrainingPlan): Promise<void> {
  await storage.put(keys.trainingPlan(iterationId), Buffer.from(JSON.stringify(plan)));
}

/** A training that began before there were plans fits a head. */
export async function readPlan(storage: Storage, iterationId: string): Promise<TrainingPlan> {
  try {
    const plan = JSON.parse((await storage.get(keys.trainingPlan(iterationId))).toString()) as TrainingPlan;
    return plan.name === 'DETECTOR' ? { ...plan, recipe: completed(plan.recipe) } : plan;
  } catch (error) {
    if (error instanceof ObjectNotFound) return headPlan;
    throw error;
  }
}

type NewFacts = 'heads' | 'tuning';

/** Plans from before there could be several heads, or a tuned backbone, say nothing of them. */
function completed(recipe: Omit<DetectorRecipe, NewFacts> & Partial<Pick<DetectorRecipe, NewFacts>>): DetectorRecipe {
  return { ...recipe, heads: recipe.heads ?? 1, tuning: recipe.tuning ?? null };
}
