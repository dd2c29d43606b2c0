import { matchGreedily } from '../detection-evaluation/greedy-matching.ts';
import { iou, type DetectedBox, type TaggedBox } from './boxes.ts';

/** A score becomes the probability sigmoid(slope * logit(score) + offset). The slope is positive, so the order of boxes stays. */
export interface BoxCalibration {
  slope: number;
  offset: number;
}

export const uncalibrated: BoxCalibration = { slope: 1, offset: 0 };

/** A box is right when it overlaps an object of its tag that no more probable box has taken by this much. */
const rightOverlap = 0.5;
/** Pull towards no change, in units of the logit: decides when there are few boxes. */
const priorDeviation = 1;
const leastSlope = 0.2;
/** With fewer right boxes the wrong ones decide alone, and a single background image would push every probability down. */
const fewestRight = 5;

interface Judged {
  logit: number;
  isRight: 0 | 1;
}

/**
 * Fits the probability that a box is right (Platt, 1999) on pictures that the detector had not seen; `uncalibrated` when these
 * say too little.
 */
export function calibrate(pictures: readonly { detected: DetectedBox[]; truth: TaggedBox[] }[]): BoxCalibration {
  const judged = pictures.flatMap(({ detected, truth }) => judge(detected, truth));
  if (judged.filter(({ isRight }) => isRight).length < fewestRight) return uncalibrated;
  let current = uncalibrated;
  for (let i = 0; i < 50; i++) {
    const next = newtonStep(judged, current);
    const moved = Math.abs(next.slope - current.slope) + Math.abs(next.offset - current.offset);
    current = next;
    if (moved < 1e-9) break;
  }
  return current;
}

export function calibrated<T extends DetectedBox>(boxes: readonly T[], { slope, offset }: BoxCalibration): T[] {
  return boxes.map((box) => ({ ...box, probability: sigmoid(slope * logitOf(box.probability) + offset) }));
}

function judge(detected: DetectedBox[], truth: TaggedBox[]): Judged[] {
  const ranked = [...detected].sort((a, b) => b.probability - a.probability);
  const overlap = (d: number, t: number): number => {
    const [box, object] = [ranked[d] as DetectedBox, truth[t] as TaggedBox];
    return box.tagIndex === object.tagIndex ? iou(box, object) : 0;
  };
  const found = matchGreedily(ranked.length, truth.length, overlap, rightOverlap);
  return ranked.map(({ probability }, d) => ({
    logit: logitOf(probability),
    isRight: (found[d] as number) >= 0 ? 1 : 0,
  }));
}

/** One step of Newton's method on the log-loss with its pull, halved until it gains. */
function newtonStep(judged: Judged[], { slope, offset }: BoxCalibration): BoxCalibration {
  const pull = 1 / priorDeviation ** 2;
  let [g0, g1, h00, h01, h11] = [(slope - 1) * pull, offset * pull, pull, 0, pull];
  for (const { logit, isRight } of judged) {
    const p = sigmoid(slope * logit + offset);
    const [error, weight] = [p - isRight, p * (1 - p)];
    g0 += error * logit;
    g1 += error;
    h00 += weight * logit * logit;
    h01 += weight * logit;
    h11 += weight;
  }
  const determinant = h00 * h11 - h01 * h01;
  const moveSlope = (h11 * g0 - h01 * g1) / determinant;
  const moveOffset = (h00 * g1 - h01 * g0) / determinant;
  const before = penalisedLoss(judged, { slope, offset });
  for (let share = 1; share > 1e-6; share /= 2) {
    const next = { slope: Math.max(leastSlope, slope - share * moveSlope), offset: offset - share * moveOffset };
    if (penalisedLoss(judged, next) <= before) return next;
  }
  return { slope, offset };
}

function penalisedLoss(judged: Judged[], { slope, offset }: BoxCalibration): number {
  const pull = ((slope - 1) ** 2 + offset ** 2) / (2 * priorDeviation ** 2);
  return judged.reduce((sum, { logit, isRight }) => {
    const z = (isRight ? -1 : 1) * (slope * logit + offset);
    return sum + Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z)));
  }, pull);
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function logitOf(score: number): number {
  const inside = Math.min(1 - 1e-6, Math.max(1e-6, score));
  return Math.log(inside / (1 - inside));
}
