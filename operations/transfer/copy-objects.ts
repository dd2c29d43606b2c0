import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { In } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { ObjectNotFound, type Storage, type StoredEntry, type StoredObject } from '../../infra/storage/storage.ts';
import { OperationError } from '../operation-error.ts';
import type { Installation } from './installation.ts';
import { TransferObject } from './transfer-journal.entity.ts';

export interface CopiedObjects {
  objectCount: number;
  sizeBytes: number;
  /** Objects that had to be written; 0 when the target had them all. */
  writtenCount: number;
  /** Objects that the source had at an earlier attempt and has no longer. */
  removedCount: number;
}

type OnObjects = (objects: number) => void;

/** Objects that are asked for, copied and noted together. */
const batchSize = 64;
const concurrency = 8;

/**
 * Copies what the journal of the target does not have yet. An object counts once it was read back from there and has the
 * hash of what was sent. Objects never change under their key, so that none is copied twice.
 */
export async function copyObjects(source: Installation, target: Installation, onObjects: OnObjects) {
  const copied: CopiedObjects = { objectCount: 0, sizeBytes: 0, writtenCount: 0, removedCount: 0 };
  for await (const entries of batches(source.storage.list(''))) {
    const keys = entries.map(({ key }) => key);
    const known = await target.database.read.getRepository(TransferObject).findBy({ key: In(keys) });
    const knownKeys = new Set(known.map(({ key }) => key));
    const missing = keys.filter((key) => !knownKeys.has(key));
    const written = await copyBatch(source.storage, target.storage, missing);
    await target.database.transact((manager) => manager.insert(TransferObject, written));
    copied.writtenCount += written.length;
    copied.objectCount += known.length + written.length;
    copied.sizeBytes += [...known, ...written].reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
    onObjects(keys.length);
  }
  copied.removedCount = await removeVanished(source.storage, target, copied.objectCount);
  return copied;
}

export async function countObjects(storage: Storage): Promise<number> {
  let count = 0;
  for await (const { key } of storage.list('')) if (key) count++;
  return count;
}

async function* batches(entries: AsyncIterable<StoredEntry>): AsyncGenerator<StoredEntry[]> {
  let batch: StoredEntry[] = [];
  for await (const entry of entries) {
    batch.push(entry);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** So many side by side; resolves with those that the source still had. */
async function copyBatch(source: Storage, target: Storage, keys: string[]): Promise<TransferObject[]> {
  const waiting = [...keys];
  const copied: TransferObject[] = [];
  const lane = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      const stored = await copyObject(source, target, key);
      if (stored) copied.push({ key, ...stored });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return copied;
}

/** null when it was deleted after it was listed. */
async function copyObject(source: Storage, target: Storage, key: string): Promise<StoredObject | null> {
  try {
    const stored = await target.put(key, await source.stream(key));
    if ((await hashOf(await target.stream(key))) !== stored.sha256)
      throw new OperationError(
        `The object ${key} was not stored correctly in the target; check its disk and run this again.`,
      );
    return stored;
  } catch (error) {
    if (!(error instanceof ObjectNotFound)) throw error;
    await target.delete(key);
    return null;
  }
}

async function hashOf(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What somebody deleted from the source must not live on in a copy that took several attempts. */
async function removeVanished(source: Storage, { database, storage }: Installation, expectedCount: number) {
  if ((await database.read.getRepository(TransferObject).count()) === expectedCount) return 0;
  let removedCount = 0;
  for await (const { key } of storage.list('')) {
    if (await source.exists(key)) continue;
    await storage.delete(key);
    await forget(database, key);
    removedCount++;
  }
  return removedCount;
}

const forget = (database: Database, key: string): Promise<unknown> =>
  database.transact((manager) => manager.delete(TransferObject, { key }));
