/** The fields of a Windows bitmap that a hostile file would lie in. */
export interface BitmapFields {
  width?: number;
  height?: number;
  depth?: number;
  compression?: number;
  infoLength?: number;
  colours?: number;
  /** Where the pixels are said to start; else right behind the tables. */
  pixelsAt?: number;
  tables?: Uint8Array;
  pixels?: Uint8Array;
}

const headersLength = 54;

/** A bitmap of 8 x 8 pixels in 24 bits, but for the fields given. */
export function bitmap(fields: BitmapFields = {}): Buffer {
  const { width = 8, height = 8, depth = 24, compression = 0, infoLength = 40, colours = 0 } = fields;
  const { tables = Buffer.alloc(0), pixels = Buffer.alloc(192, 120) } = fields;
  const headers = Buffer.alloc(headersLength);
  headers.write('BM');
  headers.writeUInt32LE(headersLength + tables.length + pixels.length, 2);
  headers.writeUInt32LE(fields.pixelsAt ?? headersLength + tables.length, 10);
  headers.writeUInt32LE(infoLength, 14);
  headers.writeInt32LE(width, 18);
  headers.writeInt32LE(height, 22);
  headers.writeUInt16LE(1, 26);
  headers.writeUInt16LE(depth, 28);
  headers.writeUInt32LE(compression, 30);
  headers.writeUInt32LE(colours, 46);
  return Buffer.concat([headers, tables, pixels]);
}
