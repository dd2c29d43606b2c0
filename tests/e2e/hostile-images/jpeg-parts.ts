function segment(marker: number, body: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

/** A segment put behind the start of a finished JPEG. */
export function withSegment(jpeg: Buffer, marker: number, body: Uint8Array): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), segment(marker, body), jpeg.subarray(2)]);
}

export function withExif(jpeg: Buffer, orientation: number): Buffer {
  return withSegment(jpeg, 0xe1, exif([[0x0112, 3, 1, orientation << 16]]));
}

/** EXIF of one folder; each entry is tag, type, count and value or offset, all as the writer wants them. */
export function exif(entries: [tag: number, type: number, count: number, value: number][], next = 0): Buffer {
  const body = Buffer.alloc(20 + entries.length * 12);
  body.write('Exif\0\0MM\0*', 'latin1');
  body.writeUInt32BE(8, 10);
  body.writeUInt16BE(entries.length, 14);
  entries.forEach(([tag, type, count, value], i) => {
    body.writeUInt16BE(tag, 16 + i * 12);
    body.writeUInt16BE(type, 18 + i * 12);
    body.writeUInt32BE(count, 20 + i * 12);
    body.writeUInt32BE(value >>> 0, 24 + i * 12);
  });
  body.writeUInt32BE(next, 16 + entries.length * 12);
  return body;
}

/** A copy whose frame header says something else. */
export function withFrame(jpeg: Buffer, change: { width?: number; height?: number; precision?: number }): Buffer {
  const copy = Buffer.from(jpeg);
  const at = frameAt(copy);
  if (change.precision !== undefined) copy.writeUInt8(change.precision, at + 4);
  if (change.height !== undefined) copy.writeUInt16BE(change.height, at + 5);
  if (change.width !== undefined) copy.writeUInt16BE(change.width, at + 7);
  return copy;
}

/** A copy whose frame is said to be of another kind, such as 0xc9 for arithmetic coding. */
export function withFrameKind(jpeg: Buffer, marker: number): Buffer {
  const copy = Buffer.from(jpeg);
  copy.writeUInt8(marker, frameAt(copy) + 1);
  return copy;
}

/** A copy without the segments of one kind. */
export function withoutSegments(jpeg: Buffer, marker: number): Buffer {
  const kept = segmentsOf(jpeg).filter(({ kind }) => kind !== marker);
  return Buffer.concat([jpeg.subarray(0, 2), ...kept.map(({ from, to }) => jpeg.subarray(from, to))]);
}

function frameAt(jpeg: Buffer): number {
  const frame = segmentsOf(jpeg).find(({ kind }) => kind === 0xc0 || kind === 0xc2);
  if (!frame) throw new Error('The JPEG has no frame header.');
  return frame.from;
}

/** The segments in order; the last one is the scan with everything behind it. */
function segmentsOf(jpeg: Buffer): { kind: number; from: number; to: number }[] {
  const segments = [];
  for (let from = 2; from < jpeg.length;) {
    const kind = jpeg.readUInt8(from + 1);
    const to = kind === 0xda ? jpeg.length : from + 2 + jpeg.readUInt16BE(from + 2);
    segments.push({ kind, from, to });
    from = to;
  }
  return segments;
}

/**
 * A progressive JPEG whose every scan is a few bytes that each touch all blocks of a large picture: the work grows with
 * pixels times scans while the file stays small (the «scan bomb» of libjpeg's own notes on progressive files).
 */
export function scanBomb(side: number, scans: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  const size = Buffer.alloc(4);
  size.writeUInt16BE(side, 0);
  size.writeUInt16BE(side, 2);
  // One component, 8 bits, no subsampling, quantisation table 0.
  const frame = segment(0xc2, Buffer.concat([Buffer.from([8]), size, Buffer.from([1, 1, 0x11, 0])]));
  const firstScan = Buffer.concat([scanHeader(0, 0), Buffer.alloc(Math.ceil(blocks / 8))]);
  const laterScan = Buffer.concat([scanHeader(1, 63), emptyBlocks(blocks)]);
  const tables = [segment(0xdb, Buffer.alloc(65, 1).fill(0, 0, 1)), oneCodeTable(0x00, 0), oneCodeTable(0x10, 0xe0)];
  const later = Array.from({ length: scans }, () => laterScan);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...tables, frame, firstScan, ...later, Buffer.from([0xff, 0xd9])]);
}

function scanHeader(from: number, to: number): Buffer {
  return segment(0xda, Buffer.from([1, 1, 0, from, to, 0]));
}

/** A Huffman table in which the single bit 0 stands for `symbol`. */
function oneCodeTable(id: number, symbol: number): Buffer {
  return segment(0xc4, Buffer.from([id, 1, ...Array.from({ length: 15 }, () => 0), symbol]));
}

/** «32,767 blocks have nothing» (bit 0 and 14 ones), as often as it takes, with the zero that must follow 0xff. */
function emptyBlocks(blocks: number): Buffer {
  const bits = '011111111111111'.repeat(Math.ceil(blocks / 32_767));
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => parseInt(byte, 2)).flatMap((byte) => (byte === 255 ? [255, 0] : [byte])));
}
