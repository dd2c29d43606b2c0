import { JSONParser } from '@streamparser/json';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { DomainError } from '../../errors.ts';
import { fit, parsed } from './fit.ts';
import { fileBatch, fileEntry, mostInBatch } from './image-models.ts';
import type { BatchLabels } from './uploads.ts';

export interface FileEntry {
  name: string;
  bytes: Buffer;
  tagIds: string[];
  regions: NonNullable<z.output<typeof fileEntry>['regions']>;
}

/** Sixty-four pictures of six megabytes as base64, with room for the rest. */
const mostBytes = 600 * 1024 * 1024;

/**
 * Reads a batch picture by picture as it comes: whole it would take a gigabyte of memory.
 * @param take awaited before more is read
 * @returns what the whole batch gets, which clients send last
 */
export async function readFileBatch(body: Readable, take: (entry: FileEntry) => Promise<void>): Promise<BatchLabels> {
  const parser = new JSONParser({ paths: ['$.*.*'], keepStack: false });
  const found: { list: string; key: unknown; value: unknown }[] = [];
  parser.onValue = ({ value, key, stack }) => found.push({ list: String(stack.at(-1)?.key).toLowerCase(), key, value });
  const tagIds: unknown[] = [];
  const metadata = new Map<string, unknown>();
  let [count, sizeBytes] = [0, 0];
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if ((sizeBytes += chunk.length) > mostBytes)
      throw new DomainError('TOO_LARGE', `The body has more than ${mostBytes} bytes.`, { max: mostBytes });
    write(parser, chunk);
    for (const { list, key, value } of found.splice(0)) {
      if (list === 'tagids') tagIds.push(value);
      if (list === 'metadata') metadata.set(String(key), value);
      if (list !== 'images') continue;
      if (++count > mostInBatch) throw tooMany();
      await take(entryOf(value));
    }
  }
  // What comes last is what holds for all pictures: without it they would go in without their tags.
  if (sizeBytes > 0 && !parser.isEnded) throw noJson();
  return {
    tagIds: parsed(fileBatch.shape.tagIds, tagIds),
    metadata: parsed(fileBatch.shape.metadata, Object.fromEntries(metadata)),
  };
}

function write(parser: JSONParser, chunk: Buffer): void {
  try {
    parser.write(chunk);
  } catch {
    throw noJson();
  }
}

function noJson(): DomainError {
  return new DomainError('INVALID', 'The body is not valid JSON or is incomplete.', { field: 'body' });
}

function entryOf(value: unknown): FileEntry {
  const { name, contents, tagIds, regions } = parsed(fileEntry, fit(fileEntry, value));
  return { name: name ?? '', bytes: Buffer.from(contents, 'base64'), tagIds: tagIds ?? [], regions: regions ?? [] };
}

function tooMany(): DomainError {
  const message = `images has more than ${mostInBatch} entries; send the rest in another batch.`;
  return new DomainError('INVALID', message, { field: 'images', max: mostInBatch });
}
