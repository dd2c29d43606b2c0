import type { BackboneSpec } from '../backbones/registry.ts';
import { plainViewCount } from '../features.ts';
import { headLogits } from '../classification/head.ts';
import type { TunedWeights } from './fine-tune.ts';
import { plainMaps, readMapPack } from './map-pack.ts';
import { openTail } from './tail.ts';

export interface JudgedPictures {
  /** The pack that `stageViews` made of a picture. */
  loadViews: (picture: number) => Promise<Uint8Array>;
  /** Indexes of the pictures. */
  pictures: readonly number[];
  threads: number;
  signal?: AbortSignal;
}

/**
 * Logits of a fine-tuned model before its temperature, [tagCount] for each picture: to be calibrated and judged by, when the
 * model has not seen the picture. They are those of a prediction.
 */
export async function tunedLogits(
  spec: BackboneSpec,
  tuned: TunedWeights,
  { loadViews, pictures, threads, signal }: JudgedPictures,
): Promise<Float64Array[]> {
  const tail = await openTail(spec, tuned.tail, { threads });
  try {
    const logits: Float64Array[] = [];
    for (const picture of pictures) {
      signal?.throwIfAborted();
      const maps = plainMaps(readMapPack(await loadViews(picture)));
      logits.push(Float64Array.from(headLogits(tuned, await tail.pooled(maps, plainViewCount))));
    }
    return logits;
  } finally {
    await tail.release();
  }
}
