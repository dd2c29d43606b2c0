import type { TaggedBox } from './boxes.ts';

/** One cached copy of a picture: what the backbone makes of it, and where its objects lie in it. */
export interface View {
  boxes: TaggedBox[];
  /** Half-precision bits, [40, S/8, S/8], [112, S/16, S/16] and [320, S/32, S/32]. */
  maps: readonly [Uint16Array, Uint16Array, Uint16Array];
}

export interface ViewPack {
  inputSize: number;
  views: View[];
}

interface Header {
  inputSize: number;
  boxes: TaggedBox[][];
}

/** Strides of the maps that a detector looks at, with their channels in EfficientNet-Lite0. */
export const levels = [
  { stride: 8, channels: 40 },
  { stride: 16, channels: 112 },
  { stride: 32, channels: 320 },
] as const;

export function mapLength(level: (typeof levels)[number], inputSize: number): number {
  return level.channels * (inputSize / level.stride) ** 2;
}

/** Layout: length of the header (uint32, little-endian), the header as JSON padded with blanks to a multiple of 4, the maps view by view. */
export function writeViewPack({ inputSize, views }: ViewPack): Buffer {
  const header: Header = { inputSize, boxes: views.map(({ boxes }) => boxes) };
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const start = Buffer.alloc(4 + Math.ceil(json.length / 4) * 4, ' ');
  start.writeUInt32LE(start.length - 4, 0);
  json.copy(start, 4);
  const maps = views.flatMap((view) => view.maps);
  return Buffer.concat([start, ...maps.map((map) => Buffer.from(map.buffer, map.byteOffset, map.byteLength))]);
}

/**
 * The maps stay where they are in memory.
 * @throws RangeError when the pack was cut off
 */
export function readViewPack(pack: Uint8Array): ViewPack {
  // Halves must start at even addresses; a slice of a pooled buffer need not.
  const bytes = pack.byteOffset % 2 === 0 ? pack : new Uint8Array(pack);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mapsAt = 4 + view.readUInt32LE(0);
  const { inputSize, boxes } = JSON.parse(view.toString('utf8', 4, mapsAt)) as Header;
  const lengths = levels.map((level) => mapLength(level, inputSize));
  const expected = mapsAt + boxes.length * 2 * lengths.reduce((sum, length) => sum + length, 0);
  if (view.length !== expected) throw new RangeError(`A view pack has ${view.length} bytes instead of ${expected}.`);
  let at = bytes.byteOffset + mapsAt;
  const next = (length: number): Uint16Array => {
    const map = new Uint16Array(bytes.buffer as ArrayBuffer, at, length);
    at += map.byteLength;
    return map;
  };
  const [fine = 0, middle = 0, coarse = 0] = lengths;
  const views = boxes.map((own): View => ({ boxes: own, maps: [next(fine), next(middle), next(coarse)] }));
  return { inputSize, views };
}
