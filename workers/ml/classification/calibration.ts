import type { ClassificationType } from './head-loss.ts';

/** Logits of pictures that the head was not fitted on, with their true tags. */
export interface HeldOut {
  logits: Float64Array[];
  targets: number[][];
}

/** Probabilities of one picture's logits divided by the temperature: softmax or independent sigmoids. */
export function probabilitiesOf(
  logits: ArrayLike<number>,
  kind: ClassificationType,
  temperature: number,
): Float64Array {
  const scaled = Float64Array.from(logits, (z) => z / temperature);
  if (kind === 'MULTILABEL') return scaled.map((z) => 1 / (1 + Math.exp(-z)));
  const highest = scaled.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scaled.map((z) => Math.exp(z - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** Mean log-loss per picture; 0 without pictures. */
export function meanLogLoss(held: HeldOut, kind: ClassificationType, temperature: number): number {
  let sum = 0;
  held.logits.forEach((logits, i) => {
    sum += logLossOf(probabilitiesOf(logits, kind, temperature), kind, held.targets[i] ?? []);
  });
  return sum / Math.max(1, held.logits.length);
}

function logLossOf(probabilities: Float64Array, kind: ClassificationType, targets: number[]): number {
  const log = (p: number): number => -Math.log(Math.max(p, 1e-12));
  if (kind === 'MULTICLASS') return targets.length ? log(probabilities[targets[0] ?? 0] ?? 0) : 0;
  const wanted = new Set(targets);
  return probabilities.reduce((sum, p, k) => sum + log(wanted.has(k) ? p : 1 - p), 0);
}

/** The temperature between 0.5 and 2 with the lowest log-loss, by golden section on its logarithm; 1 where none is better. */
export function fitTemperature(held: HeldOut, kind: ClassificationType): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let low = Math.log(0.5);
  let high = Math.log(2);
  for (let i = 0; i < 30; i++) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (meanLogLoss(held, kind, Math.exp(left)) <= meanLogLoss(held, kind, Math.exp(right))) high = right;
    else low = left;
  }
  const best = Math.min(2, Math.max(0.5, Math.exp((low + high) / 2)));
  return meanLogLoss(held, kind, best) < meanLogLoss(held, kind, 1) ? best : 1;
}

/** Each picture is judged at the temperature of the other nine tenths; every tenth one is of the same tenth. */
const tenths = 10;
/** Of more pictures, what one adds to the temperature does not show, and fitting ten more would take long. */
const fewPictures = 1000;

/**
 * One for each picture, fitted on others: at one that was fitted on the pictures themselves, their log-loss would look too low.
 * @param ofAll what `fitTemperature` says of all pictures
 */
export function temperaturesOfOthers({ logits, targets }: HeldOut, kind: ClassificationType, ofAll: number): number[] {
  if (logits.length > fewPictures) return new Array<number>(logits.length).fill(ofAll);
  const temperatures = Array.from({ length: tenths }, (_, tenth) => {
    const isOther = (_own: unknown, i: number): boolean => i % tenths !== tenth;
    return fitTemperature({ logits: logits.filter(isOther), targets: targets.filter(isOther) }, kind);
  });
  return logits.map((_, i) => temperatures[i % tenths] ?? 1);
}
