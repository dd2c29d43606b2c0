import { deflateSync } from 'node:zlib';
import { bitmap } from './bitmap.ts';
import { withExif, withSegment } from './jpeg-parts.ts';
import { formats, moving, picture, transparent, type Originals } from './photographs.ts';
import { blackPng, png, pngChunk, pngHeader } from './png-parts.ts';
import { specimens, type HostileImage } from './specimen.ts';

/** Unusual but sound: whoever refuses these is too strict. */
export async function validImages(files: Originals): Promise<HostileImage[]> {
  return specimens('ACCEPTED', {
    ...named('plain', files),
    ...wrongExtensions(files),
    ...(await orientations()),
    ...(await rareJpegs(files)),
    ...(await rarePngs()),
    ...(await rareOthers()),
    ...rareBitmaps(),
  });
}

function named(prefix: string, files: Originals): Record<string, Buffer> {
  return Object.fromEntries(formats.map((format) => [`${prefix}.${format}`, files[format]]));
}

function wrongExtensions(files: Originals): Record<string, Buffer> {
  return { 'jpeg-named-as.png': files.jpg, 'avif-named-as.gif': files.avif, 'bmp-named-as.webp': files.bmp };
}

async function orientations(): Promise<Record<string, Buffer>> {
  const all = [1, 2, 3, 4, 5, 6, 7, 8].map(async (orientation) => {
    const bytes = await picture().withMetadata({ orientation }).jpeg().toBuffer();
    return [`orientation-${orientation}.jpg`, bytes] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

async function rareJpegs({ jpg }: Originals): Promise<Record<string, Buffer>> {
  return {
    'cmyk.jpg': await picture().toColourspace('cmyk').jpeg().toBuffer(),
    'grey.jpg': await picture().greyscale().jpeg().toBuffer(),
    'progressive.jpg': await picture().jpeg({ progressive: true }).toBuffer(),
    'full-chroma.jpg': await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
    'colour-profile.jpg': await picture().withIccProfile('p3').jpeg().toBuffer(),
    'orientation-0.jpg': withExif(jpg, 0),
    'orientation-9.jpg': withExif(jpg, 9),
    'long-comment.jpg': withSegment(jpg, 0xfe, Buffer.alloc(65_000, 'comment ')),
    'bytes-behind-the-end.jpg': Buffer.concat([jpg, Buffer.alloc(1000, 'x')]),
  };
}

async function rarePngs(): Promise<Record<string, Buffer>> {
  const colours = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255]);
  return {
    '16-bit.png': await picture().toColourspace('rgb16').png().toBuffer(),
    '1-bit.png': blackPng({ width: 30, height: 20, depth: 1, colour: 0 }),
    'one-pixel.png': blackPng({ width: 1, height: 1 }),
    'interlaced.png': await picture().png({ progressive: true }).toBuffer(),
    'grey-with-alpha.png': await (await transparent()).toColourspace('b-w').png().toBuffer(),
    'alpha.png': await (await transparent()).png().toBuffer(),
    'palette-with-alpha.png': await (await transparent()).png({ palette: true, colours: 16 }).toBuffer(),
    'palette-of-three.png': png(
      pngHeader({ width: 2, height: 2, colour: 3 }),
      pngChunk('PLTE', colours),
      pngChunk('tRNS', Buffer.from([0, 128])),
      pngChunk('IDAT', deflateSync(Buffer.from([0, 0, 1, 0, 2, 1]))),
    ),
    'at-the-limit-of-edge-and-aspect.png': blackPng({ width: 10_240, height: 410 }),
    'at-the-limit-of-megapixels.png': blackPng({ width: 10_000, height: 5_000 }),
  };
}

async function rareOthers(): Promise<Record<string, Buffer>> {
  return {
    'moving.gif': await (await moving()).gif().toBuffer(),
    'moving.webp': await (await moving()).webp().toBuffer(),
    'lossless.webp': await picture().webp({ lossless: true }).toBuffer(),
    'alpha.webp': await (await transparent()).webp().toBuffer(),
    'alpha.gif': await (await transparent()).gif().toBuffer(),
    'alpha.avif': await (await transparent()).avif({ effort: 0 }).toBuffer(),
    'low-chroma.avif': await picture().avif({ effort: 0, chromaSubsampling: '4:2:0' }).toBuffer(),
  };
}

function rareBitmaps(): Record<string, Buffer> {
  const grey = Buffer.from(Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 0 : i >> 2)));
  return {
    'top-down.bmp': bitmap({ height: -8 }),
    '8-bit.bmp': bitmap({ depth: 8, tables: grey, pixels: Buffer.alloc(64, 9) }),
    '32-bit.bmp': bitmap({ depth: 32, pixels: Buffer.alloc(256, 77) }),
    // Eight runs of eight pixels, each with its end of line, then the end of the picture.
    'packed.bmp': bitmap({ depth: 8, compression: 1, tables: grey, pixels: packedRows(8) }),
  };
}

function packedRows(rows: number): Buffer {
  return Buffer.concat([...Array.from({ length: rows }, () => Buffer.from([8, 3, 0, 0])), Buffer.from([0, 1])]);
}
