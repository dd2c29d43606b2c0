import type { ClassificationSnapshot } from '../../schema/contracts/training.ts';
import type { ComparedFigures, ModelComparison } from '../../schema/entities/model-comparison.ts';
import { TrainingMode } from '../../schema/enums.ts';
import {
  fitTemperature,
  probabilitiesOf,
  temperaturesOfOthers,
  type HeldOut,
} from '../ml/classification/calibration.ts';
import type { ClassificationEvaluation } from '../ml/evaluation-file.ts';
import type { ClassificationType } from '../ml/classification/head-loss.ts';
import { mean, standardError } from '../ml/intervals.ts';
import { logLosses, rightImages, shareRight } from '../ml/classification/metrics.ts';

export interface ComparedModels {
  comparison: ModelComparison;
  /** Evaluation of the tuned model: probabilities for the images it was judged on, each at the temperature of the others; else NaN. */
  evaluation: ClassificationEvaluation;
  /** Temperature of the tuned model. */
  temperature: number;
}

/** A probability this near to 0 or 1 is as good as certain; without a bound its logit would be infinite. */
const leastProbability = 1e-6;

/**
 * Compares two classifiers on the images that neither had seen, each at the temperature that suits it best there: more
 * confidence alone must not win.
 * @param tuned logits of the tuned model by place in the snapshot
 */
export function compareModels(
  quick: ClassificationEvaluation,
  snapshot: ClassificationSnapshot,
  tuned: ReadonlyMap<number, Float64Array>,
): ComparedModels {
  const { kind } = quick;
  const placeOf = new Map(snapshot.images.map(({ id }, index) => [id, index]));
  const tunedLogits = quick.imageIds.map((id) => tuned.get(placeOf.get(id) ?? -1));
  const quickLogits = quick.imageIds.map((_, image) => logitsOf(quick, image));
  const both = [...quick.imageIds.keys()].filter((image) => tunedLogits[image] && quickLogits[image]);
  const targets = both.map((image) => quick.targets[image] ?? []);
  const held = (logits: (Float64Array | undefined)[]): HeldOut => ({
    logits: both.map((image) => logits[image] as Float64Array),
    targets,
  });
  const tunedHeld = held(tunedLogits);
  const judged = { quick: judge(held(quickLogits), kind), advanced: judge(tunedHeld, kind) };
  const kept = isKept(judged.advanced, judged.quick) ? TrainingMode.ADVANCED : TrainingMode.QUICK;
  const { temperature } = judged.advanced;
  const ofOthers = temperaturesOfOthers(tunedHeld, kind, temperature);
  const temperatures = new Map(both.map((image, i) => [image, ofOthers[i]]));
  const temperatureOf = (image: number): number => temperatures.get(image) ?? temperature;
  return {
    comparison: { imageCount: both.length, quick: judged.quick.figures, advanced: judged.advanced.figures, kept },
    evaluation: { ...quick, probabilities: probabilitiesWhereJudged(quick, tunedLogits, temperatureOf) },
    temperature,
  };
}

interface Judged {
  figures: ComparedFigures;
  /** The best one for these images, by which they were judged. */
  temperature: number;
  /** Image by image. */
  right: boolean[];
  losses: number[];
}

/** In standard errors: a lead that two equal models seldom have over each other. */
const clearLead = 2;
/** In standard errors of the difference: what the tuned model may fall behind without having shown that it is the worse one. */
const benefitOfDoubt = 1;
/** Fewest images for a comparison; with fewer, the quick model stays. */
export const fewestCompared = 2;

/**
 * The number of images right decides when its difference is more than chance, else the log-loss: on a few dozen images it tells
 * two models apart long before the number right does. Where it cannot either, the tuned model is kept: over many images it has
 * been the better one, by about as much as so few can tell.
 */
function isKept(tuned: Judged, quick: Judged): boolean {
  const onlyOf = (one: Judged, other: Judged): number =>
    one.right.filter((right, i) => right && !other.right[i]).length;
  const [onlyTuned, onlyQuick] = [onlyOf(tuned, quick), onlyOf(quick, tuned)];
  if (Math.abs(onlyTuned - onlyQuick) > clearLead * Math.sqrt(onlyTuned + onlyQuick)) return onlyTuned > onlyQuick;
  const lost = tuned.losses.map((loss, i) => loss - (quick.losses[i] ?? NaN));
  return lost.length >= fewestCompared && mean(lost) <= benefitOfDoubt * standardError(lost);
}

function judge(held: HeldOut, kind: ClassificationType): Judged {
  const { targets } = held;
  const temperature = fitTemperature(held, kind);
  const rows = held.logits.map((logits) => probabilitiesOf(logits, kind, temperature));
  const tagCount = rows[0]?.length ?? 0;
  const probabilities = new Float32Array(rows.length * tagCount);
  rows.forEach((row, i) => probabilities.set(row, i * tagCount));
  const input = { probabilities, targets, tagCount, kind, threshold: 0.5 };
  const [right, losses] = [rightImages(input), logLosses(input)];
  return { figures: { accuracy: shareRight(right), logLoss: mean(losses) }, temperature, right, losses };
}

/** Up to a shift, which changes nothing; undefined for an image that the model may have seen. */
function logitsOf({ probabilities, tags, kind }: ClassificationEvaluation, image: number): Float64Array | undefined {
  const own = probabilities.subarray(image * tags.length, (image + 1) * tags.length);
  if (!own.every(Number.isFinite)) return undefined;
  return Float64Array.from(own, (value) => {
    const p = Math.min(1 - leastProbability, Math.max(leastProbability, value));
    return kind === 'MULTICLASS' ? Math.log(p) : Math.log(p / (1 - p));
  });
}

function probabilitiesWhereJudged(
  { imageIds, tags, kind }: ClassificationEvaluation,
  logits: (Float64Array | undefined)[],
  temperatureOf: (image: number) => number,
): Float32Array {
  const probabilities = new Float32Array(imageIds.length * tags.length).fill(NaN);
  logits.forEach((own, image) => {
    if (own) probabilities.set(probabilitiesOf(own, kind, temperatureOf(image)), image * tags.length);
  });
  return probabilities;
}
