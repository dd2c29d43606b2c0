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

/** Within compressed data a byte 255 is always followed by 0, so the marker of a scan (255, 218) cannot hide there. */
function countScans(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marker = Buffer.from([0xff, 0xda]);
  let count = 0;
  for (let at = view.indexOf(marker); at >= 0 && count <= maxScans; at = view.indexOf(marker, at + 2)) count++;
  return count;
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
