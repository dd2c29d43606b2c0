import sharp from 'sharp';
import type { PooledWithMap } from '../backbones/backbone.ts';
import type { ClassifierModel } from './classifier-package.ts';
import { featureLength } from '../features.ts';
import { decodeUpright } from '../images/image.ts';

/** Longer side of the drawn picture, pixels. */
const maxEdge = 512;

/**
 * Where the logit of a tag comes from, by the view of the whole picture: [side * side], 0 to 1.
 *
 * f = s / |s| with s = sqrt(p), so d(w·f)/dp_c = (w_c - f_c (w·f)) / (2 s_c |s|); this gradient times the map before
 * pooling is the share of each place. Places that speak against the tag are cut off at 0.
 */
export function tagRelevance(
  head: Pick<ClassifierModel, 'weights'>,
  tagIndex: number,
  { pooled, map, side }: PooledWithMap,
): Float32Array {
  const cells = side * side;
  const w = head.weights.subarray(tagIndex * featureLength, (tagIndex + 1) * featureLength);
  const gradient = logitGradient(w, pooled.subarray(0, featureLength));
  const relevance = new Float32Array(cells);
  for (let c = 0; c < featureLength; c++)
    for (let i = 0; i < cells; i++)
      relevance[i] = (relevance[i] as number) + (gradient[c] as number) * (map[c * cells + i] as number);
  const highest = relevance.reduce((a, b) => Math.max(a, b), 0);
  return relevance.map((value) => (highest > 0 ? Math.max(0, value) / highest : 0));
}

/** Gradient of w·f with respect to the raw pooled feature p, [1280]. */
export function logitGradient(w: Float32Array, p: Float32Array): Float64Array {
  let sum = 0;
  let wDotS = 0;
  for (let c = 0; c < p.length; c++) {
    sum += p[c] as number;
    wDotS += (w[c] as number) * Math.sqrt(p[c] as number);
  }
  // A channel that is 0 everywhere has no share in any place, so its infinite derivative does not matter.
  return Float64Array.from(p, (value, c) => {
    if (value <= 0) return 0;
    const s = Math.sqrt(value);
    return ((w[c] as number) - (s * wDotS) / sum) / (2 * s * Math.sqrt(sum));
  });
}

/** Lays relevance as colour (clear to yellow to red) over the upright picture; PNG, longer side at most 512 pixels. */
export async function drawHeatmap(bytes: Uint8Array, relevance: Float32Array, side: number): Promise<Buffer> {
  const { data, info } = await decodeUpright(bytes)
    .resize(maxEdge, maxEdge, { fit: 'inside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const grey = Buffer.from(Uint8Array.from(relevance, (value) => Math.round(value * 255)));
  const heat = await sharp(grey, { raw: { width: side, height: side, channels: 1 } })
    .resize(info.width, info.height, { fit: 'fill', kernel: 'cubic' })
    .extractChannel(0)
    .raw()
    .toBuffer();
  for (let i = 0; i < heat.length; i++) {
    const value = (heat[i] as number) / 255;
    const alpha = 0.65 * value;
    const colour = [255, 255 * (1 - value), 0];
    for (let channel = 0; channel < 3; channel++) {
      const at = i * 3 + channel;
      data[at] = Math.round((data[at] as number) * (1 - alpha) + (colour[channel] as number) * alpha);
    }
  }
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .png()
    .toBuffer();
}
