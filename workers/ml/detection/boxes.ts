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

/** Which of overlapping boxes are kept, and how many. */
export interface SuppressionOptions {
  /** A box that overlaps a more probable one of its tag by more than this is dropped. */
  iouThreshold: number;
  maxBoxes: number;
}

export const defaultSuppression: SuppressionOptions = { iouThreshold: 0.45, maxBoxes: 200 };

/** Intersection over union, 0 to 1; the same in fractions as in pixels. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  if (width <= 0) return 0;
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

/** The part of the box that lies in the picture. */
export function clipToPicture<T extends Box>(box: T): T {
  const left = Math.min(1, Math.max(0, box.left));
  const top = Math.min(1, Math.max(0, box.top));
  const right = Math.min(1, Math.max(0, box.left + box.width));
  const bottom = Math.min(1, Math.max(0, box.top + box.height));
  return { ...box, left, top, width: right - left, height: bottom - top };
}

/** Where it lies in the picture from right to left. */
export function mirrored<T extends Box>(box: T): T {
  return { ...box, left: 1 - box.left - box.width };
}

/** Non-maximum suppression, tag by tag. Boxes come from the most probable down. */
export function suppressOverlaps(
  boxes: readonly DetectedBox[],
  { iouThreshold, maxBoxes }: SuppressionOptions,
): DetectedBox[] {
  const kept: DetectedBox[] = [];
  for (const box of [...boxes].sort((a, b) => b.probability - a.probability)) {
    if (kept.length >= maxBoxes) break;
    const covers = (other: DetectedBox): boolean => other.tagIndex === box.tagIndex && iou(other, box) > iouThreshold;
    if (!kept.some(covers)) kept.push(box);
  }
  return kept;
}
