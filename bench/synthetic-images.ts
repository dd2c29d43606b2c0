import { createHash } from 'node:crypto';
import sharp from 'sharp';

const side = 64;

/** A small JPEG that no other seed gives: smooth colours from a digest, so that files stay small and pictures differ. */
export async function syntheticJpeg(seed: string): Promise<Buffer> {
  const colours = createHash('sha384').update(seed).digest(); // 4 x 4 pixels of three bytes
  const raw = { width: 4, height: 4, channels: 3 as const };
  return sharp(colours, { raw }).resize(side, side, { kernel: 'cubic' }).jpeg({ quality: 80 }).toBuffer();
}
