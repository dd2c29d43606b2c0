import type { Backbone, PooledWithMap } from './backbones/backbone.ts';
import { toRasterForSquares, toSquares, type Raster } from './images/image.ts';

/**
 * Part of every cache key: changes whenever preprocessing or the backbone files change, because features of different
 * versions must not be mixed in one model.
 */
export const featureVersion = '2-whole-and-mirrored-centre-lanczos3-fp16';

/** Length of one pooled feature. */
export const featureLength = 1280;

/** Views that a prediction is the mean of. */
export const plainViewCount = 2;

/** A backbone as it is, or a fine-tuned one. */
export type FeatureExtractor = Pick<Backbone, 'spec' | 'pooled' | 'pooledWithMap'>;

/** Raw pooled features of both views of a picture, [2 * 1280], every value >= 0. */
export async function extractFeatures(backbone: FeatureExtractor, bytes: Uint8Array): Promise<Float32Array> {
  return backbone.pooled(await plainViewsOf(backbone, bytes), plainViewCount);
}

/** The same with the feature maps of both views (for heat maps). */
export async function extractFeaturesWithMap(backbone: FeatureExtractor, bytes: Uint8Array): Promise<PooledWithMap> {
  return backbone.pooledWithMap(await plainViewsOf(backbone, bytes), plainViewCount);
}

async function plainViewsOf({ spec: { inputSize } }: FeatureExtractor, bytes: Uint8Array): Promise<Float32Array> {
  return plainViews(await toRasterForSquares(bytes, inputSize), inputSize);
}

/**
 * [2, 3, side, side], normalised as the backbone was trained: the whole picture, squashed, and the mirrored middle of it in
 * its own proportions. In cross-validation on clothing and waste, at the same cost, this pair had a lower log-loss than the
 * whole picture with its mirror image (.409 against .426 on average): what loses by squashing keeps its shape in the middle,
 * and what stands at the edge is still seen.
 */
export async function plainViews(picture: Raster, side: number): Promise<Float32Array> {
  const { whole, centre } = await toSquares(picture, side);
  const plane = side * side;
  const input = new Float32Array(6 * plane);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      const row = channel * plane + y * side;
      for (let x = 0; x < side; x++) {
        const at = (y * side + x) * 3 + channel;
        input[row + x] = ((whole[at] ?? 0) - 127) / 128;
        input[3 * plane + row + side - 1 - x] = ((centre[at] ?? 0) - 127) / 128;
      }
    }
  }
  return input;
}

/**
 * Square root, then length 1, of each view by itself. The root tames the few strong channels; it makes a linear
 * head on few pictures clearly better (81.1 % to 82.0 % right over nine cases in the study).
 * @param pooled [views * 1280], raw, >= 0
 */
export function normaliseFeature(pooled: Float32Array): Float32Array {
  const result = new Float32Array(pooled.length);
  for (let start = 0; start < pooled.length; start += featureLength) {
    const end = Math.min(start + featureLength, pooled.length);
    // |sqrt(p)|^2 is the plain sum of p.
    let sum = 0;
    for (let i = start; i < end; i++) sum += Math.max(0, pooled[i] ?? 0);
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let i = start; i < end; i++) result[i] = Math.sqrt(Math.max(0, pooled[i] ?? 0)) * scale;
  }
  return result;
}
