/** Formats that are accepted, as told from the first bytes (never from a file name or a content type). */
export type ImageFormat = 'jpeg' | 'png' | 'bmp' | 'gif' | 'webp' | 'avif';

/** Brands of an ISO base media file that say "AV1 still picture or sequence". */
const avifBrands = new Set(['avif', 'avis']);

/** The format of the bytes, or undefined if it is none of the accepted ones. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64));
  const text = head.toString('latin1');
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp';
  if (text.slice(4, 8) === 'ftyp' && hasAvifBrand(head)) return 'avif';
  // "BM" alone is weak evidence: the two reserved words behind the file size are zero in every real bitmap.
  if (text.startsWith('BM') && head.length >= 26 && head.readUInt32LE(6) === 0) return 'bmp';
  return undefined;
}

function hasAvifBrand(head: Buffer): boolean {
  const end = Math.min(head.readUInt32BE(0), head.length);
  for (let at = 8; at + 4 <= end; at += 4) {
    // Bytes 12 to 15 are the minor version, not a brand; it can never equal one.
    if (avifBrands.has(head.toString('latin1', at, at + 4))) return true;
  }
  return false;
}

/** What an unaccepted file looks like, for the message of the refusal; undefined when it tells nothing. */
export function describeUnknown(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 512)).toString('latin1');
  if (text.startsWith('PK')) return 'a ZIP archive';
  if (text.startsWith('%PDF')) return 'a PDF document';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'a TIFF image';
  if (/<svg[\s>]/i.test(text)) return 'an SVG drawing';
  if (/^\s*(<!doctype html|<html)/i.test(text)) return 'an HTML page';
  if (text.slice(4, 8) === 'ftyp') return 'a HEIC image or a video';
  // A picture as base64, for one, or the message of whoever should have sent one.
  if (/^[\s\x20-\x7e]+$/.test(text)) return 'text';
  return undefined;
}

/** Stored size in pixels, read from the fixed part of the header without any decoder; undefined for other formats. */
export function readFixedHeader(bytes: Uint8Array, format: ImageFormat): { width: number; height: number } | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'png' && view.length >= 24 && view.toString('latin1', 12, 16) === 'IHDR') {
    return { width: view.readUInt32BE(16), height: view.readUInt32BE(20) };
  }
  if (format === 'gif' && view.length >= 10) return { width: view.readUInt16LE(6), height: view.readUInt16LE(8) };
  return undefined;
}
