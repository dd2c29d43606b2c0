import { mirrored, type TaggedBox } from './boxes.ts';
import type { DetectorRecipe } from './recipe.ts';
import { tileShare, type Look } from './looks.ts';

/** A picture laid, squashed, into a view. All in pixels of the view. */
export interface Patch {
  /** Index of the picture. */
  picture: number;
  /** Where all of it would lie. */
  left: number;
  top: number;
  width: number;
  height: number;
  /** What of the view it may cover. */
  clip: { left: number; top: number; right: number; bottom: number };
}

/** How one view is made, before any pixel is touched. */
export interface ViewPlan {
  patches: Patch[];
  /** Mirrored from left to right, all of it. */
  isFlipped: boolean;
  /** Factors; 1 changes nothing. */
  contrast: number;
  brightness: number;
  saturation: number;
}

type Random = () => number;

const mosaicShare = 0.3;
const colourRange = 0.3;
/** An object of which less is left teaches nothing. */
const leastVisibleShare = 0.35;
const leastSidePixels = 2;

/** The picture, or a part of it, as it is or mirrored, squashed: what a prediction looks at. */
export function plainPlan(picture: number, { part, isMirrored }: Look, side: number): ViewPlan {
  const clip = { left: 0, top: 0, right: side, bottom: side };
  const [width, height] = [side / part.width, side / part.height];
  const patch = { picture, left: -part.left * width, top: -part.top * height, width, height, clip };
  return { patches: [patch], isFlipped: isMirrored, contrast: 1, brightness: 1, saturation: 1 };
}

/**
 * A varied view (scales, places and colours of the study).
 * @param fellows pictures that a mosaic may be filled up with, the picture itself among them, ascending
 */
export function variedPlan(
  picture: number,
  fellows: readonly number[],
  { inputSize: side, closeUpShare }: Pick<DetectorRecipe, 'inputSize' | 'closeUpShare'>,
  random: Random,
): ViewPlan {
  const zoom = closeUpShare > 0 && random() < closeUpShare ? 1 / tileShare : 1;
  const patches =
    random() < mosaicShare ? mosaic(picture, fellows, side, random) : [scaledPatch(picture, zoom * side, side, random)];
  const factor = (): number => 1 + colourRange * (2 * random() - 1);
  return {
    patches,
    isFlipped: random() < 0.5,
    contrast: factor(),
    brightness: factor(),
    saturation: factor(),
  };
}

/** @param size of the picture in a view that is not varied, pixels */
function scaledPatch(picture: number, size: number, side: number, random: Random): Patch {
  const scale = between(Math.log(0.75), Math.log(1.4), random);
  const width = size * Math.exp(scale + between(-0.1, 0.1, random));
  const height = size * Math.exp(scale + between(-0.1, 0.1, random));
  const clip = { left: 0, top: 0, right: side, bottom: side };
  return { picture, left: random() * (side - width), top: random() * (side - height), width, height, clip };
}

/** Four pictures around a point, each reaching from it outwards. */
function mosaic(picture: number, fellows: readonly number[], side: number, random: Random): Patch[] {
  const centreX = side * between(0.35, 0.65, random);
  const centreY = side * between(0.35, 0.65, random);
  const own = Math.floor(random() * 4);
  return [0, 1, 2, 3].map((corner) => {
    const size = side * between(0.5, 0.9, random);
    const partner = otherFellow(picture, fellows, random);
    const [isRight, isLower] = [corner % 2 === 1, corner >= 2];
    return {
      picture: corner === own ? picture : partner,
      left: isRight ? centreX : centreX - size,
      top: isLower ? centreY : centreY - size,
      width: size,
      height: size,
      clip: {
        left: isRight ? centreX : 0,
        top: isLower ? centreY : 0,
        right: isRight ? side : centreX,
        bottom: isLower ? side : centreY,
      },
    };
  });
}

/** Any of them but the picture itself, as all have the same chance; itself when it is alone. */
function otherFellow(picture: number, fellows: readonly number[], random: Random): number {
  const place = Math.floor(random() * (fellows.length - 1));
  // Ascending: from the picture's own place on, the others stand one further.
  const fellow = fellows[place] ?? picture;
  return fellow < picture ? fellow : (fellows[place + 1] ?? picture);
}

function between(low: number, high: number, random: Random): number {
  return low + (high - low) * random();
}

/** The objects of the view's pictures where they lie in it, cut at its edges; fractions of the view. */
export function boxesInView(
  plan: ViewPlan,
  boxesOf: (picture: number) => readonly TaggedBox[],
  side: number,
): TaggedBox[] {
  return plan.patches.flatMap((patch) =>
    boxesOf(patch.picture)
      .map((box) => placeBox(box, patch, side))
      .filter((box) => box !== null)
      .map((box) => (plan.isFlipped ? mirrored(box) : box)),
  );
}

function placeBox(box: TaggedBox, patch: Patch, side: number): TaggedBox | null {
  const [x, y] = [patch.left + box.left * patch.width, patch.top + box.top * patch.height];
  const [width, height] = [box.width * patch.width, box.height * patch.height];
  const left = Math.max(x, patch.clip.left, 0);
  const top = Math.max(y, patch.clip.top, 0);
  const seenWidth = Math.min(x + width, patch.clip.right, side) - left;
  const seenHeight = Math.min(y + height, patch.clip.bottom, side) - top;
  if (seenWidth <= leastSidePixels || seenHeight <= leastSidePixels) return null;
  if (seenWidth * seenHeight < leastVisibleShare * width * height) return null;
  return {
    tagIndex: box.tagIndex,
    left: left / side,
    top: top / side,
    width: seenWidth / side,
    height: seenHeight / side,
  };
}
