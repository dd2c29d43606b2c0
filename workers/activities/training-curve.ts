import type { TrainingCurvePoint } from '../../schema/contracts/training.ts';

/** Points of all parts together, enough for a smooth line on any screen. */
export const curvePoints = 200;

/**
 * The curve with more points of one part. What an attempt that was cut off told beyond them is forgotten: those steps are
 * done again.
 */
export function addToCurve(
  curve: readonly TrainingCurvePoint[],
  added: readonly TrainingCurvePoint[],
  most = curvePoints,
): TrainingCurvePoint[] {
  const [first] = added;
  if (!first) return [...curve];
  const isBefore = ({ part, step }: TrainingCurvePoint): boolean => part !== first.part || step < first.step;
  const points = [...curve.filter(isBefore), ...added].sort((a, b) => a.part - b.part || a.step - b.step);
  return thinned(points, most);
}

/** Leaves out every other point until few enough are left, and keeps the last of each part. */
function thinned(points: TrainingCurvePoint[], most: number): TrainingCurvePoint[] {
  const isLast = (i: number): boolean => points[i + 1]?.part !== points[i]?.part;
  const kept = points.filter((_, i) => isLast(i) || i % 2 === 0);
  return points.length <= most || kept.length === points.length ? points : thinned(kept, most);
}
