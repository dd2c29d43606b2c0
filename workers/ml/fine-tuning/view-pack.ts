/** Two unsigned integers of four bytes: how many views, and how many numbers each has. */
const headerBytes = 8;

/** Maps of all views of one picture as float16, the plain ones first. All little-endian, as is every processor that the runtime is made for. */
export function writeViewPack(maps: Uint16Array, viewCount: number): Buffer {
  const pack = Buffer.alloc(headerBytes + maps.byteLength);
  pack.writeUInt32LE(viewCount, 0);
  pack.writeUInt32LE(maps.length / viewCount, 4);
  pack.set(new Uint8Array(maps.buffer, maps.byteOffset, maps.byteLength), headerBytes);
  return pack;
}

/** @throws RangeError when it was cut off or was made by something else */
export function readViewPack(pack: Uint8Array): Uint16Array[] {
  // Copied into memory of its own: a pooled buffer need not start at a multiple of two bytes.
  const { buffer } = new Uint8Array(pack);
  if (buffer.byteLength < headerBytes) throw new RangeError(`A pack of views has ${buffer.byteLength} bytes only.`);
  const [count = 0, length = 0] = new Uint32Array(buffer, 0, 2);
  const expected = headerBytes + 2 * count * length;
  if (buffer.byteLength !== expected)
    throw new RangeError(`A pack of views has ${buffer.byteLength} bytes instead of ${expected}.`);
  return Array.from({ length: count }, (_, i) => new Uint16Array(buffer, headerBytes + 2 * i * length, length));
}
