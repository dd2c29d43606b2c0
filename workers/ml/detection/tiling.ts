import type { Box, DetectedBox } from './boxes.ts';

/** Of each side of the picture; two tiles overlap by a fifth of it, so that what is small is whole in one of them. */
export const tileShare = 0.6;
/** Share of a tile within which a box ends at its edge. */
const edgeShare = 0.02;

const whole: Box = { left: 0, top: 0, width: 1, height: 1 };
const tiles: readonly Box[] = [0, 1 - tileShare].flatMap((top) =>
  [0, 1 - tileShare].map((left) => ({ left, top, width: tileShare, height: tileShare })),
);

/** What a detector looks at, one after the other: the whole picture, and with tiling its four corners as well. */
export function looksOf(isTiled: boolean): readonly Box[] {
  return isTiled ? [whole, ...tiles] : [whole];
}

/**
 * Boxes of a look as boxes of the picture. What a tile cuts off is left to the looks that see more of it.
 * @param boxes in fractions of the look
 */
export function fromLook(look: Box, boxes: readonly DetectedBox[]): DetectedBox[] {
  return boxes
    .filter((box) => !isCut(look, box))
    .map((box) => ({
      ...box,
      left: look.left + box.left * look.width,
      top: look.top + box.top * look.height,
      width: box.width * look.width,
      height: box.height * look.height,
    }));
}

/** Whether it ends where the look ends and the picture does not. */
function isCut(look: Box, box: Box): boolean {
  const isCutAlong = (from: number, length: number, start: number, size: number): boolean =>
    (from > 0 && start < edgeShare) || (from + length < 1 && start + size > 1 - edgeShare);
  return (
    isCutAlong(look.left, look.width, box.left, box.width) || isCutAlong(look.top, look.height, box.top, box.height)
  );
}
