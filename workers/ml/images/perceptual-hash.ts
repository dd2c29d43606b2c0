import { decodeUpright } from './image.ts';

/**
 * 64-bit difference hash as 16 hexadecimal digits: bit = is a cell of the 9 x 8 grey picture brighter than its right
 * neighbour. Resizing and recompression change few bits.
 */
export async function perceptualHash(bytes: Uint8Array): Promise<string> {
  const { data, info } = await decodeUpright(bytes)
    .resize(9, 8, { fit: 'fill', kernel: 'linear' })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  let hash = '';
  for (let y = 0; y < 8; y++) {
    let row = 0;
    for (let x = 0; x < 8; x++) {
      const at = (y * 9 + x) * info.channels;
      row = row * 2 + (grey(data, at) > grey(data, at + info.channels) ? 1 : 0);
    }
    hash += row.toString(16).padStart(2, '0');
  }
  return hash;
}

/** Luma (ITU-R 601) times 1000, in whole numbers so that equal pixels compare equal. */
function grey(data: Uint8Array, at: number): number {
  return 299 * (data[at] ?? 0) + 587 * (data[at + 1] ?? 0) + 114 * (data[at + 2] ?? 0);
}

/** Number of different bits of two hexadecimal hashes of equal length. */
export function hammingDistance(a: string, b: string): number {
  if (a.length !== b.length) throw new RangeError('Hashes of different lengths cannot be compared.');
  let distance = 0;
  for (let i = 0; i < a.length; i++) {
    let difference = parseInt(a[i] ?? '0', 16) ^ parseInt(b[i] ?? '0', 16);
    for (; difference; difference &= difference - 1) distance++;
  }
  return distance;
}
