import { fitTemperature, meanLogLoss, probabilitiesOf, temperaturesOfOthers, type HeldOut } from './calibration.ts';
import { featureLength, normaliseFeature } from '../features.ts';
import { neverTrained } from '../folds.ts';
import { HeadLoss, headRows, type ClassificationType } from './head-loss.ts';

/** What a head is fitted on; all arrays have one entry per picture. */
export interface FitInput {
  /** Raw pooled features of each picture, [views * 1280]. */
  features: Float32Array[];
  /** Indexes of the tags; [] = none of them (multi-class: such a picture is left out of the loss). */
  targets: number[][];
  tagCount: number;
  kind: ClassificationType;
  /** From 0; -1 = always trained on, never held out; -2 (`neverTrained`) = a test picture, never trained on. */
  folds: Int32Array;
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

/** The numbers of a linear head. */
export interface HeadParameters {
  /** [tagCount * 1280], tag by tag. */
  weights: Float32Array;
  /** [tagCount]. */
  bias: Float32Array;
  /** Logits are divided by it. */
  temperature: number;
}

/** A fitted head with the predictions its figures are computed from. */
export interface FittedHead extends HeadParameters {
  /** C; the penalty was |W|^2 / (2C). */
  inverseRegularisation: number;
  /**
   * [images * tagCount], calibrated probabilities by heads that did not see the picture: held-out folds, and the final
   * head for test pictures. NaN for pictures of fold -1.
   */
  outOfFold: Float32Array;
}

/** What cross-validation may choose from as C, weakest head first. */
const inverseRegularisations = [30, 100, 300];
/** With fewer pictures in the rarest tag, cross-validation is too noisy to choose anything by it. */
const enoughImagesPerTag = 5;
const fixedInverseRegularisation = 100;
/** Coarser than the final fit: it only has to tell values of C apart, and changes the probabilities by less than a thousandth. */
const crossValidationTolerance = 1e-5;

/** Fits the head on all pictures after choosing C and temperature by cross-validation. Same input, same bytes. */
export async function fitHead(input: FitInput): Promise<FittedHead> {
  const rows = headRows(input.features, input.targets, input.tagCount);
  const loss = await HeadLoss.open(input.kind, rows);
  try {
    return await fitWith(loss, input);
  } finally {
    await loss.release();
  }
}

async function fitWith(loss: HeadLoss, input: FitInput): Promise<FittedHead> {
  const choosing = rarestTagCount(input) >= enoughImagesPerTag;
  const candidates = choosing ? inverseRegularisations : [fixedInverseRegularisation];
  const foldCount = input.folds.reduce((most, fold) => Math.max(most, fold + 1), 0);
  const steps = candidates.length + 1;
  const report = (done: number): void => input.onProgress?.(Math.min(1, done / steps));
  const best = await crossValidate(loss, input, candidates, foldCount, report);
  const isCalibrated = choosing && best.held.logits.length > 0;
  const temperature = isCalibrated ? best.temperature : 1;
  const start = best.starts[0] ?? new Float32Array(loss.parameterCount);
  const options = input.signal ? { signal: input.signal } : {};
  const [parameters = start] = await loss.fit([start], [rowWeights(input, -1)], best.inverseRegularisation, options);
  report(steps);
  const heldTemperatures = isCalibrated ? temperaturesOfOthers(best.held, input.kind, temperature) : [];
  const judged = { logits: best.logits, heldTemperatures, parameters, temperature };
  const outOfFold = outOfFoldProbabilities(loss, input, judged);
  return { ...loss.head(parameters), temperature, inverseRegularisation: best.inverseRegularisation, outOfFold };
}

interface Candidate {
  inverseRegularisation: number;
  /** By picture; undefined if it was not held out. */
  logits: (Float64Array | undefined)[];
  held: HeldOut;
  /** The solution of each fold, near which the next candidate and the final fit start. */
  starts: Float32Array[];
  /** The one that suits the held-out pictures best. */
  temperature: number;
  /** Log-loss of the held-out pictures at that temperature. */
  value: number;
}

/**
 * Looks for the C with the lowest log-loss of held-out pictures, each at its own temperature: without it, a strong
 * head wins by its confidence alone, which the temperature gives to a weak one as well (docs/decisions.md has the gain).
 * The loss has one valley along C, so the walk begins in the middle, goes down while that helps (the more
 * frequent case), and otherwise up.
 */
async function crossValidate(
  loss: HeadLoss,
  input: FitInput,
  candidates: readonly number[],
  foldCount: number,
  report: (done: number) => void,
): Promise<Candidate> {
  const none: Candidate = {
    inverseRegularisation: fixedInverseRegularisation,
    logits: [],
    held: { logits: [], targets: [] },
    starts: [],
    temperature: 1,
    value: Infinity,
  };
  if (foldCount === 0) return none;
  let fits = 0;
  const visit = (at: number, from: Candidate): Promise<Candidate> | undefined => {
    const c = candidates[at];
    if (c === undefined) return undefined;
    const done = fits++;
    return fitFolds(loss, input, c, from, foldCount, (part) => report(done + part));
  };
  const middle = Math.max(0, candidates.indexOf(fixedInverseRegularisation));
  let best = (await visit(middle, none)) ?? none;
  for (const direction of [-1, 1]) {
    const before = best;
    for (let at = middle + direction; ; at += direction) {
      const next = await visit(at, best);
      if (!next || next.value >= best.value) break;
      best = next;
    }
    if (best !== before) break;
  }
  return best;
}

/** Steps that a fit may well take, to tell progress by. */
const usualRounds = 40;

/** Fits one C on every fold, each from its own solution of the C before: side by side, for speed. */
async function fitFolds(
  loss: HeadLoss,
  input: FitInput,
  c: number,
  from: Candidate,
  foldCount: number,
  report: (part: number) => void,
): Promise<Candidate> {
  const folds = Array.from({ length: foldCount }, (_, fold) => fold);
  const begin = folds.map((fold) => from.starts[fold] ?? new Float32Array(loss.parameterCount));
  const weights = folds.map((fold) => rowWeights(input, fold));
  const starts = await loss.fit(begin, weights, c, {
    relativeTolerance: crossValidationTolerance,
    onRound: (round) => report(Math.min(1, round / usualRounds)),
    ...(input.signal ? { signal: input.signal } : {}),
  });
  const logits = Array.from(input.folds, (fold, i) => {
    const parameters = starts[fold];
    return parameters ? loss.logits(parameters, i) : undefined;
  });
  const held = heldOut(input, logits);
  const temperature = fitTemperature(held, input.kind);
  const value = meanLogLoss(held, input.kind, temperature);
  return { inverseRegularisation: c, logits, held, starts, temperature, value };
}

/** [images * views], adding up to 1 for each picture; 0 for the fold that is held out, for test pictures and for targets without a class. */
function rowWeights(input: FitInput, heldOutFold: number): Float32Array {
  const viewCount = (input.features[0]?.length ?? featureLength) / featureLength;
  const weights = new Float32Array(viewCount * input.features.length);
  input.folds.forEach((fold, i) => {
    const without = input.kind === 'MULTICLASS' && !input.targets[i]?.length;
    const out = fold === neverTrained || (heldOutFold >= 0 && fold === heldOutFold) || without;
    weights.fill(out ? 0 : 1 / viewCount, viewCount * i, viewCount * (i + 1));
  });
  return weights;
}

function heldOut(input: FitInput, logits: (Float64Array | undefined)[]): HeldOut {
  const held: HeldOut = { logits: [], targets: [] };
  logits.forEach((own, i) => {
    if (!own) return;
    held.logits.push(own);
    held.targets.push(input.targets[i] ?? []);
  });
  return held;
}

/** Training pictures of the rarest tag that has any. */
function rarestTagCount(input: FitInput): number {
  const counts = new Map<number, number>();
  input.targets.forEach((tags, i) => {
    if (input.folds[i] === neverTrained) return;
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  });
  return counts.size ? Math.min(...counts.values()) : 0;
}

interface JudgedLogits {
  /** By picture; undefined if it was not held out. */
  logits: (Float64Array | undefined)[];
  /** Of those that were held out, in their order; empty where nothing was calibrated. */
  heldTemperatures: readonly number[];
  /** Of the model. */
  parameters: Float32Array;
  temperature: number;
}

function outOfFoldProbabilities(
  loss: HeadLoss,
  input: FitInput,
  { logits, heldTemperatures, parameters, temperature }: JudgedLogits,
): Float32Array {
  const result = new Float32Array(input.features.length * input.tagCount).fill(NaN);
  const put = (i: number, own: Float64Array, at: number): void =>
    result.set(probabilitiesOf(own, input.kind, at), i * input.tagCount);
  let held = 0;
  input.folds.forEach((fold, i) => {
    const own = logits[i];
    if (fold === neverTrained) put(i, loss.logits(parameters, i), temperature);
    else if (own) put(i, own, heldTemperatures[held++] ?? temperature);
  });
  return result;
}

/**
 * Logits before the temperature: the mean of all views, [tagCount].
 * @param f features as the head was fitted on them, [views * 1280]
 */
function linearLogits(head: Pick<HeadParameters, 'weights' | 'bias'>, f: Float32Array): Float32Array {
  const views = f.length / featureLength;
  return head.bias.map((bias, k) => {
    let sum = 0;
    for (let i = 0; i < f.length; i++) {
      sum += (f[i] as number) * (head.weights[k * featureLength + (i % featureLength)] as number);
    }
    return bias + sum / views;
  });
}

/**
 * Logits of a head on square-rooted, normalised features.
 * @param features raw pooled features, [views * 1280]
 */
export function headLogits(head: Pick<HeadParameters, 'weights' | 'bias'>, features: Float32Array): Float32Array {
  return linearLogits(head, normaliseFeature(features));
}

/** Calibrated probabilities, [tagCount]; they add up to 1 in multi-class. */
export function headProbabilities(
  head: HeadParameters,
  kind: ClassificationType,
  features: Float32Array,
): Float32Array {
  return Float32Array.from(probabilitiesOf(headLogits(head, features), kind, head.temperature));
}
