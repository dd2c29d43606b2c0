/** A tensor of a tensor file. */
export interface NamedTensor {
  shape: readonly number[];
  data: Float32Array;
}

export interface TensorFile {
  header: Record<string, unknown>;
  tensors: Map<string, NamedTensor>;
}

/*
 * Layout: 8 bytes "TAGLENS2", length of the header (uint32, little-endian), the header as JSON padded with blanks to a
 * multiple of 4, then the tensors in the order of the header as little-endian float32, to the end of the file.
 */
const magic = 'TAGLENS2';
const prefixLength = 12;

/**
 * Tensors with a header of JSON as bytes. Equal content gives equal bytes, however the objects were made.
 * @param header a plain JSON object
 */
export function writeTensorFile(header: object, tensors: ReadonlyMap<string, NamedTensor>): Buffer {
  const entries = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { shape, data }] of entries) checkLength(name, shape, data.length);
  const facts = { header, tensors: entries.map(([name, { shape }]) => ({ name, shape })) };
  const json = Buffer.from(JSON.stringify(facts, sortedKeys), 'utf8');
  const padded = Math.ceil(json.length / 4) * 4;
  const floats = entries.reduce((sum, [, { data }]) => sum + data.length, 0);
  const bytes = Buffer.alloc(prefixLength + padded + floats * 4, ' ');
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(padded, 8);
  json.copy(bytes, prefixLength);
  let at = prefixLength + padded;
  for (const [, { data }] of entries) at += asLittleEndian(data).copy(bytes, at);
  return bytes;
}

/** Reads and checks a tensor file; the tensors are copies. */
export function readTensorFile(bytes: Uint8Array): TensorFile {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isTensorFile(view)) throw invalid('it has the wrong signature');
  let at = prefixLength + view.readUInt32LE(8);
  if (at > view.length) throw invalid('its header is cut off');
  const { header, listed } = parseFacts(view.toString('utf8', prefixLength, at));
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape } of listed) {
    const end = at + 4 * shape.reduce((product, side) => product * side, 1);
    if (end > view.length) throw invalid(`the tensor ${name} is cut off`);
    tensors.set(name, { shape, data: fromLittleEndian(view.subarray(at, end)) });
    at = end;
  }
  if (at !== view.length) throw invalid(`it has ${view.length} bytes instead of ${at}`);
  return { header, tensors };
}

/** Whether bytes begin as a tensor file does. */
export function isTensorFile(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.length >= prefixLength && view.toString('latin1', 0, magic.length) === magic;
}

function checkLength(name: string, shape: readonly number[], length: number): void {
  const expected = shape.reduce((product, side) => product * side, 1);
  if (length !== expected)
    throw new RangeError(
      `The tensor ${name} has ${length} numbers; its shape [${shape.join(', ')}] asks for ${expected}.`,
    );
}

/** The order of keys must not depend on how an object was made. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseFacts(text: string): { header: Record<string, unknown>; listed: { name: string; shape: number[] }[] } {
  const facts = parseJson(text);
  const header = facts['header'];
  const listed = facts['tensors'];
  if (!isObject(header)) throw invalid('its header is not a JSON object');
  if (!Array.isArray(listed) || !listed.every(isListed)) throw invalid('its list of tensors is wrong');
  return { header, listed };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Reported below together with other wrong headers.
  }
  throw invalid('its header is not a JSON object');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListed(value: unknown): value is { name: string; shape: number[] } {
  if (!isObject(value) || typeof value['name'] !== 'string') return false;
  const shape = value['shape'];
  return Array.isArray(shape) && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function asLittleEndian(data: Float32Array): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return isLittleEndian ? bytes : Buffer.from(bytes).swap32();
}

function fromLittleEndian(bytes: Buffer): Float32Array {
  // Copied first: a view would have to start at a multiple of four.
  const own = new Uint8Array(bytes);
  if (!isLittleEndian) Buffer.from(own.buffer).swap32();
  return new Float32Array(own.buffer);
}

function invalid(reason: string): Error {
  return new Error(`This is not a valid tensor file: ${reason}.`);
}
