import type { Edges } from './assignment.ts';

/** Generalised intersection over union (Rezatofighi et al., 2019), -1 to 1, and its gradient by the proposed edges. */
export interface GeneralisedOverlap {
  value: number;
  gradient: Edges;
}

export function generalisedOverlap(proposed: Edges, truth: Edges): GeneralisedOverlap {
  const x = spans(proposed[0], proposed[2], truth[0], truth[2]);
  const y = spans(proposed[1], proposed[3], truth[1], truth[3]);
  const shared = x.shared * y.shared;
  const union = x.own * y.own + (truth[2] - truth[0]) * (truth[3] - truth[1]) - shared;
  const hull = x.hull * y.hull;
  const along = (a: Spans, b: Spans, edge: 'low' | 'high'): number => {
    const sharedDerivative = a.derivative[edge].shared * b.shared;
    const unionDerivative = a.derivative[edge].own * b.own - sharedDerivative;
    const hullDerivative = a.derivative[edge].hull * b.hull;
    return (
      (sharedDerivative * union - shared * unionDerivative) / union ** 2 +
      (unionDerivative * hull - union * hullDerivative) / hull ** 2
    );
  };
  return {
    value: shared / union - 1 + union / hull,
    gradient: [along(x, y, 'low'), along(y, x, 'low'), along(x, y, 'high'), along(y, x, 'high')],
  };
}

/** Lengths along one axis, and how each grows with the proposal's lower and higher edge. */
interface Spans {
  own: number;
  shared: number;
  hull: number;
  derivative: Record<'low' | 'high', { own: number; shared: number; hull: number }>;
}

function spans(low: number, high: number, trueLow: number, trueHigh: number): Spans {
  const shared = Math.max(0, Math.min(high, trueHigh) - Math.max(low, trueLow));
  const overlaps = shared > 0;
  return {
    own: high - low,
    shared,
    hull: Math.max(high, trueHigh) - Math.min(low, trueLow),
    derivative: {
      low: { own: -1, shared: overlaps && low > trueLow ? -1 : 0, hull: low < trueLow ? -1 : 0 },
      high: { own: 1, shared: overlaps && high < trueHigh ? 1 : 0, hull: high > trueHigh ? 1 : 0 },
    },
  };
}
