import { createHash } from 'node:crypto';
import { CliError } from '../errors.ts';
import type { AzureApi } from './azure-api.ts';
import type { AzureImage } from './azure-models.ts';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The bytes of an image, or why they could not be had. */
export type Fetched = { image: AzureImage; bytes: Buffer } | { image: AzureImage; reason: string };

const gone = 'The image could not be read, even with a new URL.';

/** The originals of a batch. Addresses that have expired are asked for anew, all of them at once. */
export async function fetchPictures(
  source: AzureApi,
  projectId: string,
  images: readonly AzureImage[],
): Promise<Fetched[]> {
  const first = await Promise.all(images.map((image) => attempt(source, projectId, image)));
  const expired = images.filter((_, index) => first[index] === null);
  if (expired.length === 0) return first.flatMap((one) => one ?? []);
  const fresh = new Map((await readAgain(source, projectId, expired)).map((image) => [image.id, image]));
  const second = images.map(async (image, index): Promise<Fetched> => {
    const known = first[index];
    if (known) return known;
    const again = fresh.get(image.id);
    if (!again) return { image, reason: 'It was deleted from the source meanwhile.' };
    return (await attempt(source, projectId, again)) ?? { image, reason: gone };
  });
  return Promise.all(second);
}

/** An image that was deleted meanwhile may spoil the request for all: then each is asked for by itself. */
async function readAgain(source: AzureApi, projectId: string, images: readonly AzureImage[]): Promise<AzureImage[]> {
  const ids = images.map(({ id }) => id);
  try {
    return await source.imagesById(projectId, ids);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (images.length === 1) return [];
    return (await Promise.all(images.map((image) => readAgain(source, projectId, [image])))).flat();
  }
}

/** Null when the address has expired. */
async function attempt(source: AzureApi, projectId: string, image: AzureImage): Promise<Fetched | null> {
  try {
    const bytes = await source.picture(projectId, image);
    return bytes && { image, bytes };
  } catch (error) {
    if (error instanceof CliError) return { image, reason: error.message };
    throw error;
  }
}

/** Slices of a list, for workers that take one after another. */
export function* batchesOf<T>(items: readonly T[], size: number): Generator<T[], void, undefined> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** Two at a time: one waits for the source while the other waits for the target. */
export async function inPairs<T>(batches: Iterable<T>, work: (batch: T) => Promise<void>): Promise<void> {
  const shared = batches[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = shared.next(); !next.done; next = shared.next()) await work(next.value);
  };
  await Promise.all([worker(), worker()]);
}
