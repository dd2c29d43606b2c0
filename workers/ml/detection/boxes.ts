/** In fractions of the upright picture. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface TaggedBox extends Box {
  tagIndex: number;
}

export interface DetectedBox extends TaggedBox {
  /** 0 to 1. */
  probability: number;
}

/** Intersection over union, 0 to 1; the same in fractions as in pixels. */
export function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  if (width <= 0) return 0;
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
