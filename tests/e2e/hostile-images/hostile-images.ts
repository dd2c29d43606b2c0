import { craftedImages } from './crafted-images.ts';
import { flippedFiles, truncatedFiles } from './damaged-files.ts';
import { foreignFiles } from './foreign-files.ts';
import { oversizedImages } from './oversized-images.ts';
import { originals } from './photographs.ts';
import type { HostileImage } from './specimen.ts';
import { validImages } from './valid-images.ts';

export type { HostileImage } from './specimen.ts';

export const hostileImageCount = 200;

/** Two hundred files to send in where a picture is asked for, always the same ones, with what is to be expected of each. */
export async function* hostileImages(): AsyncGenerator<HostileImage> {
  const files = await originals();
  let made = 0;
  const groups = [validImages, truncatedFiles, oversizedImages, foreignFiles, craftedImages];
  for (const group of groups) {
    for (const image of await group(files)) {
      made++;
      yield image;
    }
  }
  yield* flippedFiles(files, hostileImageCount - made);
}
