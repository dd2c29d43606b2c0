import { plainViewCount } from '../features.ts';

/** Two unsigned integers of four bytes: how many views, and how many numbers each has. */
const headerBytes = 8;

/**
 * Maps at stride 8 of all views of one picture as float16, the plain views first. All little-endian, as is every processor
 * that the runtime is made for.
 */
export function writeMapPack(maps: Uint16Array, viewCount: number): Buffer {
  const pack = Buffer.alloc(headerBytes + maps.byteLength);
  pack.writeUInt32LE(viewCount, 0);
  pack.writeUInt32LE(maps.length / viewCount, 4);
  pack.set(new Uint8Array(maps.buffer, maps.byteOffset, maps.byteLength), headerBytes);
  return pack;
}

/**
 * The maps stay where they are in memory.
 * @throws RangeError when the pack was cut off or was made by something else
 */
export function readMapPack(pack: Uint8Array): Uint16Array[] {
  if (pack.byteLength < headerBytes) throw new RangeError(`A pack of maps has only ${pack.byteLength} bytes.`);
  // Halves must start at even addresses; a slice of a pooled buffer need not.
  const { buffer, byteOffset, byteLength } = pack.byteOffset % 2 === 0 ? pack : new Uint8Array(pack);
  const header = new DataView(buffer, byteOffset, headerBytes);
  const [count, length] = [header.getUint32(0, true), header.getUint32(4, true)];
  const expected = headerBytes + 2 * count * length;
  if (byteLength !== expected) throw new RangeError(`A pack of maps has ${byteLength} bytes instead of ${expected}.`);
  const first = byteOffset + headerBytes;
  return Array.from(
    { length: count },
    (_, i) => new Uint16Array(buffer as ArrayBuffer, first + 2 * i * length, length),
  );
}

/** The maps of the plain views, one after the other. */
export function plainMaps(views: readonly Uint16Array[]): Uint16Array {
  const plain = views.slice(0, plainViewCount);
  const length = plain[0]?.length ?? 0;
  const maps = new Uint16Array(plainViewCount * length);
  plain.forEach((view, i) => maps.set(view, i * length));
  return maps;
}
