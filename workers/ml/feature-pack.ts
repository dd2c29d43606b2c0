/** Two unsigned integers of four bytes: how many features, and how many numbers each has. */
const headerBytes = 8;

/**
 * Features of several pictures in one file: the header, then float32 numbers, picture by picture. All little-endian, as is
 * every processor that the runtime is made for.
 * @param features all of one length
 */
export function writeFeaturePack(features: readonly Float32Array[]): Buffer {
  const length = features[0]?.length ?? 0;
  const floats = new Float32Array(headerBytes / 4 + features.length * length);
  new Uint32Array(floats.buffer).set([features.length, length]);
  features.forEach((feature, i) => {
    if (feature.length !== length) throw new RangeError(`Feature ${i} has ${feature.length} numbers, not ${length}.`);
    floats.set(feature, headerBytes / 4 + i * length);
  });
  return Buffer.from(floats.buffer);
}

/** @throws RangeError when it was cut off or was made by something else */
export function readFeaturePack(pack: Uint8Array): Float32Array[] {
  // Copied into memory of its own: a pooled buffer need not start at a multiple of four bytes.
  const { buffer } = new Uint8Array(pack);
  if (buffer.byteLength < headerBytes) throw new RangeError(`A feature pack has only ${buffer.byteLength} bytes.`);
  const [count = 0, length = 0] = new Uint32Array(buffer, 0, 2);
  const expected = headerBytes + 4 * count * length;
  if (buffer.byteLength !== expected)
    throw new RangeError(`A feature pack has ${buffer.byteLength} bytes instead of ${expected}.`);
  return Array.from({ length: count }, (_, i) => new Float32Array(buffer, headerBytes + 4 * i * length, length));
}
