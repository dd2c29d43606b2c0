import type { Pace } from './pacing.ts';

/** Bytes of the header's length. */
const prefixLength = 4;

/** Layout: length of the pace as JSON (uint32, little-endian), the JSON, the state of the trainer. */
export function writeCheckpoint<Facts extends Pace>(pace: Facts, trainer: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(pace), 'utf8');
  const prefix = Buffer.alloc(prefixLength);
  prefix.writeUInt32LE(json.length, 0);
  return Buffer.concat([prefix, json, trainer]);
}

export function readCheckpoint<Facts extends Pace = Pace>(bytes: Uint8Array): { pace: Facts; trainer: Buffer } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = prefixLength + view.readUInt32LE(0);
  return { pace: JSON.parse(view.toString('utf8', prefixLength, end)) as Facts, trainer: view.subarray(end) };
}
