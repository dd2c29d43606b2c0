import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../errors.ts';

/** A file as it came. */
export interface Picture {
  /** Name of the file, otherwise of the part, otherwise empty. */
  name: string;
  bytes: Buffer;
}

export interface PictureLimits {
  maxBytes: number;
  maxCount: number;
}

/** A file somewhat too large is read to its end, because a client that is still sending would miss the answer. */
const readableFactor = 2;

/** Clients name parts as they like, leave the file name out, or send the bytes alone, sometimes labelled as multipart. */
export async function* picturesOf(request: FastifyRequest, limits: PictureLimits): AsyncGenerator<Picture> {
  if (!hasParts(request)) {
    yield { name: '', bytes: await readAll(request.raw, readableFactor * limits.maxBytes) };
    return;
  }
  let count = 0;
  for await (const part of partsOf(request, limits)) {
    if (++count > limits.maxCount) throw tooMany(limits.maxCount);
    yield part;
  }
}

/** The only picture of a body. */
export async function pictureOf(request: FastifyRequest, maxBytes: number): Promise<Picture> {
  let found: Picture | null = null;
  for await (const picture of picturesOf(request, { maxBytes, maxCount: Infinity })) found ??= picture;
  if (!found || found.bytes.length === 0)
    throw new DomainError('INVALID', 'The body has no image: it is empty.', { field: 'imageData' });
  if (found.bytes.length > maxBytes) throw tooLarge(maxBytes, found.bytes.length);
  return found;
}

async function* partsOf(request: FastifyRequest, { maxBytes }: PictureLimits): AsyncGenerator<Picture> {
  const limits = { fileSize: readableFactor * maxBytes, fields: Infinity, files: Infinity, parts: Infinity };
  const anyPart = { limits, throwFileSizeLimit: false, isPartAFile: () => true };
  try {
    for await (const part of request.parts(anyPart))
      if (part.type === 'file') yield { name: part.filename ?? part.fieldname, bytes: await part.toBuffer() };
  } catch (error) {
    throw malformed(error as Error);
  }
}

/** The parser of parts gives its own complaints no status. */
function malformed(error: Error): Error {
  if ('statusCode' in error) return error;
  return new DomainError('INVALID', `The multipart body cannot be read: ${error.message}.`, { field: 'body' });
}

/** A boundary must be named, else the body is a picture that only says otherwise. */
function hasParts({ headers }: FastifyRequest): boolean {
  return /^multipart\/form-data\s*;.*boundary=/i.test(headers['content-type'] ?? '');
}

export async function readAll(stream: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) throw tooLarge(mostBytes, sizeBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

function tooLarge(max: number, value: number): DomainError {
  return new DomainError('TOO_LARGE', `The body has ${value} bytes or more; the limit is ${max}.`, { max, value });
}

function tooMany(max: number): DomainError {
  return new DomainError('INVALID', `The body has more than ${max} images; send the rest in another request.`, {
    field: 'imageData',
    max,
  });
}
