import { clipToPicture, mirrored, type Box } from './boxes.ts';
import type { DetectorShape } from './shape.ts';

/** Side of a tile as a share of each side of the picture; two tiles overlap by a fifth of it, so that a small object is whole in one of them. */
export const tileShare = 0.6;
/** Share of a tile within which a box ends at its edge. */
const edgeShare = 0.02;

const whole: Box = { left: 0, top: 0, width: 1, height: 1 };
const tiles: readonly Box[] = [0, 1 - tileShare].flatMap((top) =>
  [0, 1 - tileShare].map((left) => ({ left, top, width: tileShare, height: tileShare })),
);

/** What of a picture is looked at, and how large. */
export type Looks = Pick<DetectorShape, 'inputSize' | 'isTiled' | 'isMirrored' | 'filledShare'>;

/** One of the ways in which a detector looks at a picture. */
export interface Look {
  /** Part of the picture that is looked at; with a margin it reaches beyond the picture. */
  part: Box;
  /** From right to left. */
  isMirrored: boolean;
}

/**
 * What a detector looks at, one after the other: the whole picture, with tiling its four corners as well, and all of it from
 * right to left if it is mirrored.
 */
export function looksOf({ isTiled, isMirrored = false, filledShare = 1 }: Omit<Looks, 'inputSize'>): Look[] {
  const parts = (isTiled ? [whole, ...tiles] : [whole]).map((part) => withMargin(part, filledShare));
  const sides = isMirrored ? [false, true] : [false];
  return sides.flatMap((side) => parts.map((part) => ({ part, isMirrored: side })));
}

/** What is looked at so that the part fills that share of it. */
function withMargin({ left, top, width, height }: Box, filledShare: number): Box {
  const margin = (1 / filledShare - 1) / 2;
  return {
    left: left - margin * width,
    top: top - margin * height,
    width: width / filledShare,
    height: height / filledShare,
  };
}

/**
 * A box of a look as one of the picture, cut at its edges; null if nothing is left of it, or if the tile cuts it off: that is
 * left to the looks that see more of it.
 * @param box in fractions of the look; it may reach beyond it
 */
export function fromLook({ part, isMirrored }: Look, box: Box): Box | null {
  const seen = isMirrored ? mirrored(box) : box;
  if (isCut(part, seen)) return null;
  const inPicture = clipToPicture({
    left: part.left + seen.left * part.width,
    top: part.top + seen.top * part.height,
    width: seen.width * part.width,
    height: seen.height * part.height,
  });
  return inPicture.width > 0 && inPicture.height > 0 ? inPicture : null;
}

/** Whether it ends where the part ends and the picture does not. */
function isCut(part: Box, box: Box): boolean {
  const isCutAlong = (from: number, length: number, start: number, size: number): boolean =>
    (from > 0 && start < edgeShare) || (from + length < 1 && start + size > 1 - edgeShare);
  return (
    isCutAlong(part.left, part.width, box.left, box.width) || isCutAlong(part.top, part.height, box.top, box.height)
  );
}
