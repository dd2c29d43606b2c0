/** A lossless picture of one black pixel. Its codes have one symbol each, so that any number of pixels takes no more bytes. */
const onePixel = Buffer.from('2f00000000071011fd0f4444ff03', 'hex');

function chunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

export function riff(...chunks: Buffer[]): Buffer {
  const body = Buffer.concat(chunks);
  const head = Buffer.alloc(12);
  head.write('RIFF....WEBP', 'latin1');
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

/** A lossless black picture of the given size, always in 34 bytes. */
export function stillWebp(width: number, height: number): Buffer {
  const body = Buffer.from(onePixel);
  body.writeUInt32LE(((width - 1) | ((height - 1) << 14)) >>> 0, 1);
  return riff(chunk('VP8L', body));
}

/** A moving picture on a canvas of the given size, each frame one pixel. */
export function movingWebp(width: number, height: number, frames: number): Buffer {
  const canvas = Buffer.alloc(10);
  canvas.writeUInt8(2, 0);
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  const frame = chunk('ANMF', Buffer.concat([Buffer.alloc(12), Buffer.from([1, 0, 0, 0]), chunk('VP8L', onePixel)]));
  const loop = chunk('ANIM', Buffer.alloc(6));
  return riff(chunk('VP8X', canvas), loop, Buffer.concat(Array.from({ length: frames }, () => frame)));
}
