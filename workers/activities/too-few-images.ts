import type { Snapshot } from '../../schema/contracts/training.ts';
import { imagesPerTag } from './warnings.ts';

/** Tags that a message names. */
const listed = 20;

/** No attempt can end otherwise: the images are what they are. */
class TooFewImagesError extends Error {
  readonly nonRetryable = true;
}

/** The start checked this already, but images may have been left out since. */
export function refuseTooFew(snapshot: Snapshot, images: Snapshot['images']): void {
  const counts = imagesPerTag(snapshot, images);
  const short = snapshot.tags.flatMap(({ name }, i) => ((counts[i] ?? 0) < 2 ? [JSON.stringify(name)] : []));
  if (short.length === 0 && snapshot.tags.length > 0) return;
  if (short.length > listed) short.splice(listed, Infinity, `${short.length - listed} more`);
  throw new TooFewImagesError(`Every tag needs at least 2 readable images to train on; too few: ${short.join(', ')}.`);
}
