import { decode } from 'bmp-ts';
import { decodeIndexed } from './bmp-indexes.ts';
import { ImageRefusal } from './image-refusal.ts';

/** The parts of a Windows bitmap header that decide whether it may be decoded. */
export interface BmpHeader {
  width: number;
  height: number;
  isTopDown: boolean;
  /** Bits a pixel. */
  depth: number;
  /** By run lengths. */
  isPacked: boolean;
  /** Where the pixels start, in bytes from the start of the file. */
  pixelsAt: number;
  /** Where the colour table starts and ends. */
  tablesAt: number;
  tablesEnd: number;
}

const fileHeaderLength = 14;
/** BITMAPINFOHEADER with its later extensions. */
const infoLengths = new Set([40, 52, 56, 108, 124]);
const depths = new Set([1, 4, 8, 16, 24, 32]);
/** None, RLE8, RLE4, bit fields, alpha bit fields: embedded JPEG or PNG (4 and 5) are not. */
const compressions = new Set([0, 1, 2, 3, 6]);
/** Decoded pixels take 4 bytes in memory; a caller with tighter limits checks them against the header first. */
const maxPixels = 268_402_689;

/** Parses and checks the header of a bitmap; nothing is decoded. */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < fileHeaderLength + 40) throw unreadable('its header is cut off');
  const infoLength = view.readUInt32LE(14);
  const width = view.readInt32LE(18);
  const storedHeight = view.readInt32LE(22);
  const height = Math.abs(storedHeight);
  const depth = view.readUInt16LE(28);
  const compression = view.readUInt32LE(30);
  const colours = view.readUInt32LE(46);
  if (!infoLengths.has(infoLength)) throw unreadable(`header length ${infoLength} is not supported`);
  if (!depths.has(depth)) throw unreadable(`${depth} bits per pixel is not supported`);
  if (!compressions.has(compression)) throw unreadable(`compression ${compression} is not supported`);
  if (width < 1 || height < 1) throw unreadable(`its size is ${width} x ${height}`);
  const tablesAt = fileHeaderLength + infoLength + maskBytes(infoLength, compression);
  const tablesEnd = tablesAt + tableBytes(depth, colours);
  const pixelsAt = view.readUInt32LE(10);
  if (pixelsAt < tablesEnd || pixelsAt >= view.length) throw unreadable(`its pixels cannot start at byte ${pixelsAt}`);
  const isPacked = compression === 1 || compression === 2;
  if (isPacked && depth !== (compression === 1 ? 8 : 4))
    throw unreadable(`compression ${compression} is not for ${depth} bits per pixel`);
  const needed = pixelsAt + Math.ceil((width * depth) / 32) * 4 * height;
  // Some writers leave out the padding of the last row.
  if (!isPacked && view.length < needed - 3) throw unreadable(`it has ${view.length} of ${needed} bytes`);
  return { width, height, isTopDown: storedHeight < 0, depth, isPacked, pixelsAt, tablesAt, tablesEnd };
}

/** Colour masks follow the shortest header only; longer ones include them. */
function maskBytes(infoLength: number, compression: number): number {
  if (infoLength > 40) return 0;
  return compression === 3 ? 12 : compression === 6 ? 16 : 0;
}

function tableBytes(depth: number, colours: number): number {
  if (depth > 8) return colours * 4;
  return (colours === 0 ? 1 << depth : colours) * 4;
}

/** Decodes a bitmap to RGB, 3 bytes a pixel. Alpha is ignored: most writers leave it at zero although the picture is opaque. */
export function decodeBmp(bytes: Uint8Array): { width: number; height: number; rgb: Buffer } {
  const header = readBmpHeader(bytes);
  const pixels = header.width * header.height;
  if (pixels > maxPixels) throw new ImageRefusal('TOO_MANY_PIXELS', `The bitmap has ${pixels} pixels.`, { pixels });
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const isOwn = header.isPacked || header.depth === 4;
    const rgb = isOwn ? indexedColours(view, header) : withoutAlpha(decode(compact(view, header)).data, pixels);
    return { width: header.width, height: header.height, rgb };
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}

function indexedColours(view: Buffer, header: BmpHeader): Buffer {
  const [table, pixels] = [view.subarray(header.tablesAt, header.tablesEnd), view.subarray(header.pixelsAt)];
  return decodeIndexed({ ...header, isNibbles: header.depth === 4, table, pixels });
}

/**
 * bmp-ts reads the pixels right behind the colour table and ignores the offset in the header, so any gap is cut out; four spare
 * zero bytes allow for a last row without padding.
 */
function compact(view: Buffer, { tablesEnd, pixelsAt }: BmpHeader): Buffer {
  return Buffer.concat([view.subarray(0, tablesEnd), view.subarray(pixelsAt), Buffer.alloc(4)]);
}

/** bmp-ts returns alpha, blue, green, red. */
function withoutAlpha(abgr: Uint8Array, pixels: number): Buffer {
  const rgb = Buffer.alloc(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    rgb[i * 3] = abgr[i * 4 + 3] ?? 0;
    rgb[i * 3 + 1] = abgr[i * 4 + 2] ?? 0;
    rgb[i * 3 + 2] = abgr[i * 4 + 1] ?? 0;
  }
  return rgb;
}

function unreadable(reason: string): ImageRefusal {
  return new ImageRefusal('UNREADABLE', `The BMP image cannot be read: ${reason}.`, { format: 'bmp', reason });
}
