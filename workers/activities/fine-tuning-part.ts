import type { ClassificationSnapshot } from '../../schema/contracts/training.ts';
import { backbones } from '../ml/backbones/registry.ts';
import { probabilitiesOf } from '../ml/classification/calibration.ts';
import { readFactsAndFloats, writeFactsAndFloats } from '../ml/facts-and-floats.ts';
import { fineTune, type TunedWeights } from '../ml/fine-tuning/fine-tune.ts';
import { tunedLogits } from '../ml/fine-tuning/judge.ts';
import { evaluate } from '../ml/classification/metrics.ts';
import type { Weights } from '../ml/trainer/network.ts';
import type { LearnedPart, PartRun } from './learned-part.ts';
import type { FineTunePlan } from './training-plan.ts';

/** The head beside the tail, whose names have dots in other places. */
const headNames = { weights: 'head/weights', bias: 'head/bias' } as const;

/** Tunes a backbone with its head and lets it look at the images that were held out; its logits are not calibrated yet. */
export async function tuneClassifier(
  snapshot: ClassificationSnapshot,
  { recipe }: FineTunePlan,
  budgetMs: number,
  run: PartRun,
): Promise<LearnedPart> {
  const { checkpoint, ...rest } = run;
  const { kind, tags, images } = snapshot;
  const targets = images.map(({ tagIndexes }) => tagIndexes);
  const facts = { kind, targets, tagCount: tags.length, recipe, budgetMs };
  const tuned = await fineTune({ ...rest, ...facts, ...(checkpoint ? { checkpoint } : {}) });
  const { judged: pictures, loadViews, threads, signal } = run;
  const logits = await tunedLogits(backbones[recipe.backbone], tuned, { pictures, loadViews, threads, signal });
  return {
    weights: new Map([...tuned.tail, [headNames.weights, tuned.weights], [headNames.bias, tuned.bias]]),
    judged: writeFactsAndFloats({ indexes: pictures }, Float32Array.from(logits.flatMap((own) => [...own]))),
    heldOut: accuracy(snapshot, pictures, logits),
  };
}

export function tunedWeights(learned: Weights): TunedWeights {
  const tail = new Map(learned);
  const [weights, bias] = [learned.get(headNames.weights), learned.get(headNames.bias)];
  if (!weights || !bias) throw new Error('What fine-tuning learned has no head.');
  for (const name of Object.values(headNames)) tail.delete(name);
  return { tail, weights, bias };
}

/** Logits before the temperature, by place in the snapshot. */
export function readJudgedLogits(judged: Buffer): Map<number, Float64Array> {
  const { facts, floats } = readFactsAndFloats(judged);
  const { indexes } = facts as { indexes: number[] };
  const tagCount = floats.length / Math.max(1, indexes.length);
  return new Map(
    indexes.map((index, i) => [index, Float64Array.from(floats.subarray(i * tagCount, (i + 1) * tagCount))]),
  );
}

function accuracy(
  { kind, tags, images }: ClassificationSnapshot,
  judged: number[],
  logits: Float64Array[],
): number | null {
  if (judged.length === 0) return null;
  const tagCount = tags.length;
  const targets = judged.map((index) => images[index]?.tagIndexes ?? []);
  const probabilities = Float32Array.from(logits.flatMap((own) => [...probabilitiesOf(own, kind, 1)]));
  return evaluate({ probabilities, targets, tagCount, kind, threshold: 0.5 }).accuracy;
}
