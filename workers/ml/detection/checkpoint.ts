const stepBytes = 4;

/** How many steps are done (uint32, little-endian), then the state of the trainer. */
export function writeCheckpoint(step: number, state: Buffer): Buffer {
  const head = Buffer.alloc(stepBytes);
  head.writeUInt32LE(step);
  return Buffer.concat([head, state]);
}

export function readCheckpoint(checkpoint: Uint8Array): { step: number; state: Buffer } {
  const bytes = Buffer.from(checkpoint.buffer, checkpoint.byteOffset, checkpoint.byteLength);
  return { step: bytes.readUInt32LE(0), state: bytes.subarray(stepBytes) };
}
