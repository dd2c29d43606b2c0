import type { ImageFormat } from './image-format.ts';
import { ImageRefusal } from './image-refusal.ts';

/** Real progressive JPEGs have about ten scans; each further one is another pass over every pixel. */
const maxScans = 100;
/** Only the first frame is used, but the decoder walks through all of them. */
const maxFrames = 2000;

/**
 * Small files can be made to keep a decoder busy for minutes, within every limit of size.
 * @throws ImageRefusal for such a file
 */
export function checkDecodingCost(bytes: Uint8Array, format: ImageFormat): void {
  if (format === 'jpeg') refuseAbove('scans', countScans(bytes), maxScans);
  if (format === 'webp') refuseAbove('frames', countWebpFrames(bytes), maxFrames);
}

function refuseAbove(what: string, count: number, max: number): void {
  if (count <= max) return;
  throw new ImageRefusal('UNREADABLE', `The image has more than ${max} ${what}, which no camera produces.`, {
    [what]: count,
    max,
  });
}

const startOfScan = 0xda;
const endOfImage = 0xd9;

/**
 * Walks the segments as the decoder does, to the end of the image: what stands behind it is none of it, as the video of a
 * motion photo, in which the marker of a scan comes up by chance.
 */
function countScans(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (
    let at = view.indexOf(0xff, 2);
    at >= 0 && count <= maxScans;
    at = view.indexOf(0xff, at + segmentBytes(view, at))
  ) {
    if (view[at + 1] === endOfImage) break;
    if (view[at + 1] === startOfScan) count++;
  }
  return count;
}

/** Of the segment whose marker stands there. Within compressed data a byte 255 is followed by 0, or by a restart marker. */
function segmentBytes(view: Buffer, at: number): number {
  const marker = view[at + 1] ?? 0;
  if (marker === 0xff) return 1;
  const isBare = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
  if (isBare || at + 4 > view.length) return 2;
  return 2 + Math.max(2, view.readUInt16BE(at + 2));
}

/** Walks the chunks of the RIFF container: four letters, length, data padded to an even length. */
function countWebpFrames(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = 12; at + 8 <= view.length && count <= maxFrames;) {
    if (view.toString('latin1', at, at + 4) === 'ANMF') count++;
    const length = view.readUInt32LE(at + 4);
    at += 8 + length + (length % 2);
  }
  return count;
}
