import type { Edges } from './assignment.ts';

/** Generalised intersection over union (Rezatofighi et al., 2019), -1 to 1, and its slope along each proposed edge. */
export interface GeneralisedOverlap {
  value: number;
  slope: Edges;
}

export function generalisedOverlap(proposed: Edges, truth: Edges): GeneralisedOverlap {
  const x = spans(proposed[0], proposed[2], truth[0], truth[2]);
  const y = spans(proposed[1], proposed[3], truth[1], truth[3]);
  const shared = x.shared * y.shared;
  const union = x.own * y.own + (truth[2] - truth[0]) * (truth[3] - truth[1]) - shared;
  const hull = x.hull * y.hull;
  const along = (a: Spans, b: Spans, edge: 'low' | 'high'): number => {
    const sharedSlope = a.slope[edge].shared * b.shared;
    const unionSlope = a.slope[edge].own * b.own - sharedSlope;
    const hullSlope = a.slope[edge].hull * b.hull;
    return (
      (sharedSlope * union - shared * unionSlope) / union ** 2 + (unionSlope * hull - union * hullSlope) / hull ** 2
    );
  };
  return {
    value: shared / union - 1 + union / hull,
    slope: [along(x, y, 'low'), along(y, x, 'low'), along(x, y, 'high'), along(y, x, 'high')],
  };
}

/** Lengths along one axis, and how each grows with the proposal's lower and higher edge. */
interface Spans {
  own: number;
  shared: number;
  hull: number;
  slope: Record<'low' | 'high', { own: number; shared: number; hull: number }>;
}

function spans(low: number, high: number, trueLow: number, trueHigh: number): Spans {
  const shared = Math.max(0, Math.min(high, trueHigh) - Math.max(low, trueLow));
  const overlaps = shared > 0;
  return {
    own: high - low,
    shared,
    hull: Math.max(high, trueHigh) - Math.min(low, trueLow),
    slope: {
      low: { own: -1, shared: overlaps && low > trueLow ? -1 : 0, hull: low < trueLow ? -1 : 0 },
      high: { own: 1, shared: overlaps && high < trueHigh ? 1 : 0, hull: high > trueHigh ? 1 : 0 },
    },
  };
}
