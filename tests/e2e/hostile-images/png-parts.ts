import { constants, crc32, deflateRawSync } from 'node:zlib';

export const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

export interface PngShape {
  width: number;
  height: number;
  depth?: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  colour?: number;
  interlace?: number;
}

export function pngChunk(type: string, body: Uint8Array): Buffer {
  const chunk = Buffer.alloc(body.length + 12);
  chunk.writeUInt32BE(body.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(body, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, body.length + 8)), body.length + 8);
  return chunk;
}

export function pngHeader({ width, height, depth = 8, colour = 2, interlace = 0 }: PngShape): Buffer {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body.set([depth, colour, 0, 0, interlace], 8);
  return pngChunk('IHDR', body);
}

/** A PNG of the given chunks between signature and end. */
export function png(...chunks: Buffer[]): Buffer {
  return Buffer.concat([pngSignature, ...chunks, pngChunk('IEND', Buffer.alloc(0))]);
}

/** A PNG that is black all over; tiny in the file, large in memory. */
export function blackPng(shape: PngShape): Buffer {
  return png(pngHeader(shape), pngChunk('IDAT', deflatedZeros(rawBytes(shape))));
}

/** `insert` put behind the header of a finished PNG. */
export function withChunks(finished: Buffer, ...insert: Buffer[]): Buffer {
  return Buffer.concat([finished.subarray(0, 33), ...insert, finished.subarray(33)]);
}

/** Unpacked bytes with one filter byte a row. Interlacing deals the same pixels out over seven smaller pictures. */
function rawBytes({ width, height, depth = 8, colour = 2, interlace = 0 }: PngShape): number {
  const bits = depth * ([1, 0, 3, 1, 2, 0, 4][colour] ?? 1);
  const rows = (columns: number, lines: number) => (columns > 0 ? lines * (1 + Math.ceil((columns * bits) / 8)) : 0);
  if (interlace === 0) return rows(width, height);
  const passes = [
    [0, 8, 0, 8],
    [4, 8, 0, 8],
    [0, 4, 4, 8],
    [2, 4, 0, 4],
    [0, 2, 2, 4],
    [1, 2, 0, 2],
    [0, 1, 1, 2],
  ] as const;
  const sizes = passes.map(([x, dx, y, dy]) => rows(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)));
  return sizes.reduce((sum, bytes) => sum + Math.max(0, bytes), 0);
}

const block = 1 << 20;

/** A zlib stream of `length` zeros, made of one packed megabyte over and over: no need to ever hold what it unpacks to. */
export function deflatedZeros(length: number): Buffer {
  const flush = { finishFlush: constants.Z_FULL_FLUSH };
  const whole = deflateRawSync(Buffer.alloc(block), flush);
  const blocks = Array.from({ length: Math.floor(length / block) }, () => whole);
  const check = Buffer.alloc(4);
  // Adler-32 of zeros: the first sum stays 1, the second counts the bytes.
  check.writeUInt16BE(length % 65521, 0);
  check.writeUInt16BE(1, 2);
  return Buffer.concat([Buffer.from([0x78, 0x9c]), ...blocks, deflateRawSync(Buffer.alloc(length % block)), check]);
}
