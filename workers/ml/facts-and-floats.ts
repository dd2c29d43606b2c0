const lengthBytes = 4;

/**
 * The length of the JSON (uint32), the JSON, then the numbers, all little-endian: as text, those of a large project would
 * be longer than a string can be.
 */
export function writeFactsAndFloats(facts: object, floats: Float32Array): Buffer {
  const json = Buffer.from(JSON.stringify(facts));
  const start = lengthBytes + json.length;
  const file = Buffer.alloc(start + floats.length * 4);
  file.writeUInt32LE(json.length);
  json.copy(file, lengthBytes);
  floats.forEach((value, index) => file.writeFloatLE(value, start + index * 4));
  return file;
}

/** What `writeFactsAndFloats` wrote; the facts are not checked, and a number that was cut off is missing. */
export function readFactsAndFloats(file: Buffer): { facts: unknown; floats: Float32Array } {
  const start = lengthBytes + file.readUInt32LE();
  const facts: unknown = JSON.parse(file.toString('utf8', lengthBytes, start));
  const length = Math.floor((file.length - start) / 4);
  return { facts, floats: Float32Array.from({ length }, (_, i) => file.readFloatLE(start + i * 4)) };
}
