import { bitmap } from './bitmap.ts';
import { exif, scanBomb, withFrame, withFrameKind, withoutSegments, withSegment } from './jpeg-parts.ts';
import { withAvifSize, withGifSize } from './oversized-images.ts';
import { height, width, type Originals } from './photographs.ts';
import { blackPng, deflatedZeros, png, pngChunk, pngHeader, withChunks } from './png-parts.ts';
import { specimens, type HostileImage } from './specimen.ts';
import { movingWebp, riff, stillWebp } from './webp-parts.ts';

/** Files made to cost much or to mislead a decoder: bombs, lies and loops, all inside the limits of size. */
export function craftedImages(files: Originals): HostileImage[] {
  return [
    ...specimens('EITHER', {
      ...pngBombs(files),
      ...pngLies(files),
      ...jpegBombs(files),
      ...jpegLies(files),
      ...movingBombs(files),
      ...containerLies(files),
      ...bitmapLies(),
    }),
    ...specimens('REFUSED', hopeless(files)),
  ];
}

function pngBombs({ png: plain }: Originals): Record<string, Buffer> {
  const bomb = deflatedZeros(200_000_000);
  const name = Buffer.from('name\0\0');
  return {
    'profile-bomb.png': withChunks(plain, pngChunk('iCCP', Buffer.concat([name, bomb]))),
    'text-bomb.png': withChunks(plain, pngChunk('zTXt', Buffer.concat([name, bomb]))),
    'international-text-bomb.png': withChunks(
      plain,
      pngChunk('iTXt', Buffer.concat([Buffer.from('name\0\x01\0\0\0'), bomb])),
    ),
    'pixel-bomb.png': png(pngHeader({ width: 10, height: 10 }), pngChunk('IDAT', bomb)),
    'interlaced-16-bit-bomb.png': blackPng({ width: 10_000, height: 5_000, depth: 16, colour: 6, interlace: 1 }),
    'ten-thousand-texts.png': withChunks(plain, ...many(10_000, pngChunk('tEXt', Buffer.from('key\0value')))),
    'ten-thousand-empty-parts.png': withChunks(plain, ...many(10_000, pngChunk('IDAT', Buffer.alloc(0)))),
  };
}

function pngLies({ png: plain }: Originals): Record<string, Buffer> {
  const garbage = Buffer.alloc(300, 0xa5);
  return {
    'garbage-profile.png': withChunks(plain, pngChunk('iCCP', Buffer.concat([Buffer.from('p\0\0'), garbage]))),
    'garbage-exif.png': withChunks(plain, pngChunk('eXIf', garbage)),
    'two-headers.png': withChunks(plain, pngHeader({ width: 9_000, height: 5_000 })),
    'long-palette.png': withChunks(plain, pngChunk('PLTE', Buffer.alloc(3 * 300))),
    'no-end.png': plain.subarray(0, plain.length - 12),
    'archive-behind.png': Buffer.concat([plain, Buffer.from('PK\x03\x04\x14\0\0\0', 'latin1')]),
  };
}

function jpegBombs({ jpg }: Originals): Record<string, Buffer> {
  const circle = exif([[0x8769, 4, 1, 8]], 8);
  return {
    'huge-exif.jpg': withSegment(
      jpg,
      0xe1,
      Buffer.concat([exif([[0x010e, 2, 65_000, 26]]), Buffer.alloc(65_000, 'x')]),
    ),
    'circular-exif.jpg': withSegment(jpg, 0xe1, circle),
    'exif-that-counts-too-far.jpg': withSegment(jpg, 0xe1, exif([[0x010e, 2, 0xffffffff, 0xfffffff0]])),
    'a-thousand-segments.jpg': many(1_000).reduce<Buffer>((bytes) => withSegment(bytes, 0xe5, Buffer.alloc(50)), jpg),
  };
}

function jpegLies({ jpg }: Originals): Record<string, Buffer> {
  return {
    'frame-twice-as-high.jpg': withFrame(jpg, { height: height * 2 }),
    'frame-half-as-high.jpg': withFrame(jpg, { height: height / 2 }),
    'frame-much-wider.jpg': withFrame(jpg, { width: 1_500 }),
    'frame-at-the-limit.jpg': withFrame(jpg, { width: 10_000, height: 5_000 }),
    'frame-of-height-0.jpg': withFrame(jpg, { height: 0 }),
    'arithmetic-coding.jpg': withFrameKind(jpg, 0xc9),
    'progressive-in-name.jpg': withFrameKind(jpg, 0xc2),
  };
}

function movingBombs({ gif }: Originals): Record<string, Buffer> {
  const size = withGifSize(gif, 10_000, 5_000);
  const pixel = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0]);
  return {
    'script-and-picture.gif': Buffer.concat([gif, Buffer.from('=1;alert(document.cookie);//')]),
    'comment-script.gif': Buffer.concat([Buffer.from('GIF89a/*'), gif.subarray(8), Buffer.from('*/=1;alert(1)')]),
    'canvas-larger-than-frame.gif': size,
    'canvas-of-nothing.gif': withGifSize(gif, 0, 0),
    'twenty-thousand-frames.gif': Buffer.concat([size.subarray(0, -1), ...many(20_000, pixel), Buffer.from(';')]),
    'endless-parts.gif': Buffer.concat([
      gif.subarray(0, -1),
      Buffer.from('!\xfe', 'latin1'),
      ...many(9_000, Buffer.from([1, 65])),
    ]),
    'forty-thousand-frames.webp': movingWebp(10_000, 5_000, 40_000),
    'large-and-empty.webp': stillWebp(10_000, 5_000),
  };
}

function containerLies({ webp, avif }: Originals): Record<string, Buffer> {
  const patched = (bytes: Buffer, at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32BE(value, at);
    return copy;
  };
  return {
    'length-of-nothing.webp': patched(webp, 4, 0),
    'length-without-end.webp': patched(webp, 4, 0xffffffff),
    'no-parts.webp': riff(),
    'box-without-end.avif': patched(avif, avif.indexOf('meta') - 4, 0xffffffff),
    'box-of-nothing.avif': patched(avif, avif.indexOf('meta') - 4, 0),
    'size-at-the-limit.avif': withAvifSize(avif, 10_000, 5_000),
    'place-outside.avif': patched(avif, avif.indexOf('iloc') + 20, 0x7fffffff),
  };
}

function bitmapLies(): Record<string, Buffer> {
  const grey = Buffer.alloc(1024, 90);
  return {
    'packed-bomb.bmp': bitmap({
      width: 10_000,
      height: 5_000,
      depth: 8,
      compression: 1,
      tables: grey,
      pixels: ends(1),
    }),
    'packed-ends-of-lines.bmp': bitmap({ depth: 8, compression: 1, tables: grey, pixels: ends(3_000_000) }),
    'packed-jumps.bmp': bitmap({
      depth: 8,
      compression: 1,
      tables: grey,
      pixels: Buffer.alloc(300, '\0\x02\xff\xff', 'latin1'),
    }),
    'packed-colours-outside.bmp': bitmap({
      depth: 8,
      compression: 1,
      colours: 1,
      tables: grey,
      pixels: Buffer.alloc(200, 7),
    }),
    'no-masks.bmp': bitmap({ depth: 32, compression: 3, tables: Buffer.alloc(12), pixels: Buffer.alloc(256, 1) }),
    'gap-before-pixels.bmp': bitmap({ tables: Buffer.alloc(3000, 255) }),
  };
}

/** Ends of lines, and then the end of the picture. */
function ends(lines: number): Buffer {
  return Buffer.concat([Buffer.alloc(lines * 2), Buffer.from([0, 1])]);
}

function hopeless({ png: plain, jpg }: Originals): Record<string, Buffer> {
  const wrongSum = Buffer.from(plain);
  wrongSum.writeUInt32BE(0, 29);
  const endless = Buffer.from(plain);
  endless.writeUInt32BE(0xffffffff, 33);
  return {
    'wrong-sum-of-header.png': wrongSum,
    'part-without-end.png': endless,
    'depth-of-3.png': png(pngHeader({ width: 4, height: 4, depth: 3 })),
    'colour-kind-5.png': png(pngHeader({ width: 4, height: 4, colour: 5 })),
    'no-pixels.png': png(pngHeader({ width, height })),
    'too-few-pixels.png': png(pngHeader({ width: 500, height: 500 }), pngChunk('IDAT', deflatedZeros(100))),
    'palette-without-colours.png': png(
      pngHeader({ width: 4, height: 4, colour: 3 }),
      pngChunk('IDAT', deflatedZeros(20)),
    ),
    'scan-bomb.jpg': scanBomb(5_000, 4_000),
    'no-quantisation.jpg': withoutSegments(jpg, 0xdb),
    'no-frame.jpg': withoutSegments(jpg, 0xc0),
    '12-bit.jpg': withFrame(jpg, { precision: 12 }),
    'lossless-in-name.jpg': withFrameKind(jpg, 0xc3),
    'old-header.bmp': bitmap({ infoLength: 12 }),
    'embedded-jpeg.bmp': bitmap({ compression: 4, pixels: jpg }),
    'depth-of-2.bmp': bitmap({ depth: 2 }),
    'pixels-outside.bmp': bitmap({ pixelsAt: 0x7fffffff }),
    'pixels-in-the-header.bmp': bitmap({ pixelsAt: 0 }),
    'too-many-colours.bmp': bitmap({ depth: 8, colours: 0xffffffff }),
  };
}

function many<T>(count: number, item?: T): T[] {
  return Array.from({ length: count }, () => item as T);
}
