import type { BackboneName } from '../backbones/registry.ts';

/** How a detector is built, apart from its tags: chosen with the recipe, told by the package. */
export interface DetectorShape {
  backbone: BackboneName;
  /** Side of the square that pictures are squashed to, pixels; a multiple of 32. */
  inputSize: number;
  /** Channels of the pyramid and the tower. */
  headWidth: number;
  /** They learn side by side: their mean is better than any of them, and a prediction costs little more. */
  heads: number;
  /** Whether it also looks at four overlapping parts of each picture, for what is small. */
  isTiled: boolean;
  /** Whether it looks at everything from right to left too, at twice the work. Default false, for models and plans made before. */
  isMirrored?: boolean;
  /**
   * Of each side of the input, what the picture (or part of it) that is looked at fills; around it is more of the picture, or
   * grey. Default 1, for models and plans made before.
   */
  filledShare?: number;
}

/** The shape alone, of something that has more. */
export function shapeOf(shape: DetectorShape): Required<DetectorShape> {
  const { backbone, inputSize, headWidth, heads, isTiled, isMirrored = false, filledShare = 1 } = shape;
  return { backbone, inputSize, headWidth, heads, isTiled, isMirrored, filledShare };
}
