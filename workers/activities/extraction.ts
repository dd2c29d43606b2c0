import type { SnapshotImage } from '../../schema/contracts/training.ts';

/** An image of the snapshot and its place in it. */
export interface PlacedImage {
  image: SnapshotImage;
  index: number;
}

/** What is made of images before anything is learned from them. */
export interface Extraction {
  /** Ids of those for which everything is stored. */
  listKept(images: readonly PlacedImage[]): Promise<Set<string>>;
  /** @throws ImageRefusal for a damaged picture, or what the signal was aborted with: then nothing is stored any more */
  extract(placed: PlacedImage, signal: AbortSignal): Promise<void>;
  /** Resolves when everything that was extracted is stored. */
  finish(): Promise<void>;
}

/** Both of them, each for the images that lack it. */
export function bothExtractions(first: Extraction, second: Extraction): Extraction {
  const each = [first, second].map((extraction) => ({ extraction, kept: new Set<string>() }));
  return {
    async listKept(images) {
      for (const one of each) one.kept = await one.extraction.listKept(images);
      const ids = images.map(({ image }) => image.id);
      return new Set(ids.filter((id) => each.every(({ kept }) => kept.has(id))));
    },
    async extract(placed, signal) {
      for (const { extraction, kept } of each) if (!kept.has(placed.image.id)) await extraction.extract(placed, signal);
    },
    async finish() {
      for (const { extraction } of each) await extraction.finish();
    },
  };
}
