import { bitmap } from './bitmap.ts';
import { withFrame } from './jpeg-parts.ts';
import type { Originals } from './photographs.ts';
import { blackPng, png, pngHeader } from './png-parts.ts';
import { specimens, type HostileImage } from './specimen.ts';
import { stillWebp } from './webp-parts.ts';

/** Pictures whose header claims more (or less) than any limit allows. */
export function oversizedImages(files: Originals): HostileImage[] {
  const huge = 50_000;
  return specimens('REFUSED', {
    '50000-square.png': png(pngHeader({ width: huge, height: huge })),
    '50000-square.jpg': withFrame(files.jpg, { width: huge, height: huge }),
    '50000-square.gif': withGifSize(files.gif, huge, huge),
    '50000-square.bmp': bitmap({ width: huge, height: huge }),
    '50000-square.avif': withAvifSize(files.avif, huge, huge),
    '16384-square.webp': stillWebp(16_384, 16_384),
    'largest-numbers.png': png(pngHeader({ width: 0x7fffffff, height: 0x7fffffff })),
    'largest-numbers.bmp': bitmap({ width: 0x7fffffff, height: 0x7fffffff }),
    'smallest-numbers.bmp': bitmap({ width: -0x80000000, height: -0x80000000 }),
    'packed-largest-numbers.bmp': bitmap({ width: 0x7fffffff, height: 0x7fffffff, depth: 24, compression: 1 }),
    'no-width.png': png(pngHeader({ width: 0, height: 10 })),
    'no-width.jpg': withFrame(files.jpg, { width: 0 }),
    'no-width.bmp': bitmap({ width: 0 }),
    'negative-width.bmp': bitmap({ width: -8 }),
    'one-pixel-too-wide.png': blackPng({ width: 10_241, height: 500 }),
    'one-row-too-many-megapixels.png': blackPng({ width: 10_000, height: 5_001 }),
    'a-thread-on-end.png': blackPng({ width: 1, height: 10_240 }),
    'a-thread-lying.png': blackPng({ width: 10_240, height: 1 }),
    'aspect-of-26.png': blackPng({ width: 260, height: 10 }),
    'more-bytes-than-allowed.png': Buffer.concat([files.png, Buffer.alloc(6_000_001 - files.png.length)]),
  });
}

export function withGifSize(gif: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(gif);
  copy.writeUInt16LE(width, 6);
  copy.writeUInt16LE(height, 8);
  return copy;
}

/** Every «image spatial extents» box of the file says the given size. */
export function withAvifSize(avif: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(avif);
  for (let at = copy.indexOf('ispe'); at >= 0; at = copy.indexOf('ispe', at + 1)) {
    copy.writeUInt32BE(width, at + 8);
    copy.writeUInt32BE(height, at + 12);
  }
  return copy;
}
