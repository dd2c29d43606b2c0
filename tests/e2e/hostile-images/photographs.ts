import { encode } from 'bmp-ts';
import sharp, { type Sharp } from 'sharp';
import { seededRandom } from '../../../workers/ml/random.ts';

export const formats = ['jpg', 'png', 'webp', 'gif', 'avif', 'bmp'] as const;
export type Format = (typeof formats)[number];
/** The same small picture in every accepted format. */
export type Originals = Record<Format, Buffer>;

export const width = 96;
export const height = 64;

/** Slopes with seeded noise, so that every encoder has something to write. */
export function picture(seed = 1): Sharp {
  const next = seededRandom(seed);
  const raw = Buffer.alloc(width * height * 3);
  for (let i = 0; i < raw.length; i++) raw[i] = ((i % (width * 3)) + i / (width * 3) + next() * 90) % 256;
  return sharp(raw, { raw: { width, height, channels: 3 } });
}

/** The picture with an alpha channel that falls off to the right. */
export async function transparent(): Promise<Sharp> {
  const alpha = Buffer.from(Uint8Array.from({ length: width * height }, (_, i) => 255 - (i % width) * 2));
  const { data } = await picture().raw().toBuffer({ resolveWithObject: true });
  const raw = Buffer.alloc(width * height * 4);
  for (let i = 0; i < width * height; i++) raw.set([...data.subarray(i * 3, i * 3 + 3), alpha[i] ?? 0], i * 4);
  return sharp(raw, { raw: { width, height, channels: 4 } });
}

/** Three frames above each other, for the moving formats. */
export async function moving(): Promise<Sharp> {
  const frames = await Promise.all([1, 2, 3].map((seed) => picture(seed).raw().toBuffer()));
  return sharp(Buffer.concat(frames), { raw: { width, height: height * 3, channels: 3, pageHeight: height } });
}

export async function originals(): Promise<Originals> {
  const abgr = Buffer.alloc(width * height * 4);
  const rgb = await picture().raw().toBuffer();
  for (let i = 0; i < width * height; i++)
    abgr.set([0, rgb[i * 3 + 2] ?? 0, rgb[i * 3 + 1] ?? 0, rgb[i * 3] ?? 0], i * 4);
  return {
    jpg: await picture().jpeg().toBuffer(),
    png: await picture().png().toBuffer(),
    webp: await picture().webp().toBuffer(),
    gif: await picture().gif().toBuffer(),
    avif: await picture().avif({ effort: 0 }).toBuffer(),
    bmp: encode({ data: abgr, width, height, bitPP: 24 }).data,
  };
}
