import { keys } from '../../infra/storage/keys.ts';
import type { Storage } from '../../infra/storage/storage.ts';

/** An image that could not be decoded or was deleted meanwhile, and why. */
export interface LeftOutImage {
  imageId: string;
  reason: string;
}

/** As an object, since there may be more of them than fit in the answer of an activity. */
export async function writeLeftOut(
  storage: Storage,
  iterationId: string,
  shard: number,
  images: readonly LeftOutImage[],
): Promise<void> {
  if (images.length > 0) await storage.put(keys.leftOut(iterationId, shard), Buffer.from(JSON.stringify(images)));
}

/** What these shards left out, in the order of the snapshot. */
export async function readLeftOut(
  storage: Storage,
  iterationId: string,
  shards: readonly number[],
): Promise<LeftOutImage[]> {
  const images: LeftOutImage[] = [];
  for (const shard of shards) {
    const bytes = await storage.get(keys.leftOut(iterationId, shard));
    images.push(...(JSON.parse(bytes.toString()) as LeftOutImage[]));
  }
  return images;
}

/** The images of a snapshot that were not left out. */
export function takingPart<T extends { id: string }>(images: readonly T[], leftOut: readonly LeftOutImage[]): T[] {
  const missing = new Set(leftOut.map(({ imageId }) => imageId));
  return images.filter(({ id }) => !missing.has(id));
}
