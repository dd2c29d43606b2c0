import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DiskStorage } from '../../../infra/storage/disk.ts';
import type { DetectionSnapshot, Snapshot } from '../../../schema/contracts/training.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { TrainingMode } from '../../../schema/enums.ts';
import {
  budgetOfPart,
  makePlan,
  readPlan,
  writePlan,
  type DetectorPlan,
} from '../../../workers/activities/training-plan.ts';
import { detectorRecipe } from '../../../workers/ml/detection/recipe.ts';
import { fineTuneRecipe } from '../../../workers/ml/fine-tuning/recipe.ts';

const recipes = { detector: detectorRecipe, fineTuning: fineTuneRecipe };
const tags = ['a', 'b'].map((name) => ({ id: name, name, type: 'REGULAR' as const }));

/** Pictures that look nothing like each other. */
function imagesOf(count: number, testCount = 0) {
  return Array.from({ length: count }, (_, i) => ({
    id: String(i),
    projectId: 'p',
    sha256: String(i),
    perceptualHash: ((BigInt(i + 1) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn).toString(16).padStart(16, '0'),
    isTest: i < testCount,
    tagIndexes: [i % 2],
    regions: [{ tagIndex: i % 2, left: 0.1, top: 0.1, width: 0.5, height: 0.5 }],
  }));
}

const detection = (count: number, testCount = 0): DetectionSnapshot => ({
  kind: 'DETECTION',
  tags,
  images: imagesOf(count, testCount),
});
const iteration = (changes: Partial<Iteration> = {}): Iteration =>
  ({
    mode: TrainingMode.QUICK,
    backbone: 'efficientnet-lite0',
    inputSize: 320,
    seed: 1,
    budgetMinutes: null,
    ...changes,
  }) as Iteration;
const heldOut = async (snapshot: Snapshot, changes?: Partial<Iteration>): Promise<(number | null)[]> => {
  const plan = await makePlan(iteration(changes), snapshot, recipes);
  return plan.name === 'HEAD' ? [] : plan.parts.map(({ heldOutFold }) => heldOutFold);
};

it('holds every one of few images out once, one in five of many, and none when there are test images', async () => {
  expect(await heldOut(detection(100))).toEqual([0, 1, 2, null]);
  expect(await heldOut(detection(101))).toEqual([0, null]);
  expect(await heldOut(detection(60, 5))).toEqual([null]);
});

it('a few test images do not decide alone whether an ADVANCED classifier is better than the quick one', async () => {
  const classifier = (testCount: number): Snapshot => ({ kind: 'MULTICLASS', tags, images: imagesOf(60, testCount) });
  const ofTest = (testCount: number) => heldOut(classifier(testCount), { mode: TrainingMode.ADVANCED });
  expect(await Promise.all([0, 19, 20].map(ofTest))).toEqual([[0, 1, 2, null], [0, 1, 2, null], [null]]);
});

it('a held-out fold is about a fifth, and test images belong to none', async () => {
  const plan = await makePlan(iteration(), detection(200), recipes);
  if (plan.name !== 'DETECTOR') throw new Error('It is no detector.');
  expect(plan.folds.filter((fold) => fold === 0)).toHaveLength(40);
  const tested = await makePlan(iteration(), detection(20, 4), recipes);
  if (tested.name !== 'DETECTOR') throw new Error('It is no detector.');
  expect(tested.folds.map((fold) => fold < 0)).toEqual(imagesOf(20, 4).map(({ isTest }) => isTest));
  // What is trained on together may be mixed in one view.
  expect(new Set(plan.folds)).toEqual(new Set([0, 1]));
  expect(new Set(tested.folds.filter((fold) => fold >= 0))).toEqual(new Set([0]));
});

it('a QUICK detector takes what it takes, an ADVANCED one its budget', async () => {
  const own = await makePlan(iteration(), detection(60, 5), recipes);
  if (own.name !== 'DETECTOR') throw new Error('It is no detector.');
  expect(budgetOfPart(own, 0)).toBe(Infinity);
  const budgeted = await makePlan(iteration({ budgetMinutes: 10 }), detection(60, 5), recipes);
  if (budgeted.name !== 'DETECTOR') throw new Error('It is no detector.');
  expect(budgetOfPart(budgeted, 0)).toBeCloseTo(0.9 * 600_000);
});

it('the parts of an ADVANCED classifier share what the extraction leaves of its budget', async () => {
  const snapshot = { kind: 'MULTICLASS' as const, tags, images: imagesOf(30) };
  const plan = await makePlan(iteration({ mode: TrainingMode.ADVANCED, budgetMinutes: 10 }), snapshot, recipes);
  if (plan.name !== 'FINE_TUNE') throw new Error('It is not fine-tuned.');
  expect(budgetOfPart(plan, 120_000)).toBeCloseTo(0.9 * 120_000);
  // However long the extraction took, there is still some time to learn.
  expect(budgetOfPart(plan, 36_000_000)).toBe(75_000);
  expect((await makePlan(iteration(), snapshot, recipes)).name).toBe('HEAD');
});

/** Of so many images, which repeat a few: what they show does not matter. */
async function shardSizes(imageCount: number): Promise<Record<string, number>> {
  const few = imagesOf(64);
  const images = Array.from({ length: imageCount }, (_, i) => few[i % few.length] as (typeof few)[number]);
  const snapshots: [Snapshot, TrainingMode][] = [
    [{ kind: 'MULTICLASS', tags, images }, TrainingMode.QUICK],
    [{ kind: 'MULTICLASS', tags, images }, TrainingMode.ADVANCED],
    [{ kind: 'DETECTION', tags, images }, TrainingMode.QUICK],
  ];
  const plans = await Promise.all(
    snapshots.map(([snapshot, mode]) => makePlan(iteration({ mode }), snapshot, recipes)),
  );
  return Object.fromEntries(plans.map(({ name, shardSize }) => [name, shardSize]));
}

it('makes shards larger for more images, so that there are no more than Temporal lets pend at once', async () => {
  expect(await shardSizes(48_000)).toEqual({ HEAD: 256, FINE_TUNE: 32, DETECTOR: 32 });
  expect(await shardSizes(64_001)).toEqual({ HEAD: 256, FINE_TUNE: 43, DETECTOR: 43 });
  expect(await shardSizes(400_000)).toEqual({ HEAD: 267, FINE_TUNE: 267, DETECTOR: 267 });
});

it('reads the plan of a detector from before there were several heads, or a tuned backbone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'taglens-plan-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const storage = new DiskStorage(folder);
  const plan = (await makePlan(iteration({ mode: TrainingMode.ADVANCED }), detection(60), recipes)) as DetectorPlan;
  expect(plan.recipe.heads).toBeGreaterThan(1);
  await writePlan(storage, 'new', plan);
  expect(await readPlan(storage, 'new')).toEqual(plan);
  const recipe: Partial<DetectorPlan['recipe']> = { ...plan.recipe };
  delete recipe.heads;
  delete recipe.tuning;
  await writePlan(storage, 'old', { ...plan, recipe } as DetectorPlan);
  expect(await readPlan(storage, 'old')).toEqual({ ...plan, recipe: { ...recipe, heads: 1, tuning: null } });
});
