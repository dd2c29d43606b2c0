export interface CosineOptions {
  /** The highest learning rate. */
  peak: number;
  /** Steps in which the rate climbs in a straight line. */
  warmUpSteps: number;
  /** The last rate as a share of the peak. */
  endShare: number;
}

/**
 * Learning rate of a step: up in a straight line, then down along half a cosine.
 * @param step from 0
 */
export function cosine(step: number, steps: number, { peak, warmUpSteps, endShare }: CosineOptions): number {
  if (step < warmUpSteps) return (peak * (step + 1)) / warmUpSteps;
  const end = peak * endShare;
  return between(peak, end, (step - warmUpSteps) / Math.max(1, steps - 1 - warmUpSteps));
}

export interface OneCycleOptions {
  peak: number;
  /** Part of the steps in which the rate climbs. Default 0.1. */
  warmUpShare?: number;
}

/** The first rate of a cycle is this part of the peak, and the last that part of the first. */
const firstDivisor = 25;
const lastDivisor = 1e4;

/**
 * One cycle: up along half a cosine and down along another, to nearly nothing (Smith, arXiv 1708.07120).
 * @param step from 0
 */
export function oneCycle(step: number, steps: number, { peak, warmUpShare = 0.1 }: OneCycleOptions): number {
  const first = peak / firstDivisor;
  const top = warmUpShare * steps - 1;
  if (step < top) return between(first, peak, step / top);
  return between(peak, first / lastDivisor, (step - top) / Math.max(1, steps - 1 - top));
}

/** From `start` at 0 to `end` at 1 along half a cosine. */
function between(start: number, end: number, part: number): number {
  return end + ((start - end) * (1 + Math.cos(Math.PI * Math.min(1, part)))) / 2;
}
