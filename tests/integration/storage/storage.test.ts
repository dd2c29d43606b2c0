import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DiskStorage } from '../../../infra/storage/disk.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { InvalidKey, ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';

async function listAll(entries: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

/** Every adapter must pass this. */
const adapters: Record<string, (folder: string) => Storage> = {
  disk: (folder) => new DiskStorage(join(folder, 'objects')),
};

describe.each(Object.entries(adapters))('%s storage', (_, create) => {
  let folder: string;
  let storage: Storage;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'taglens-'));
    storage = create(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('gives back what was put, from bytes and from a stream', async () => {
    const bytes = Buffer.from('a photograph');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const key = keys.imageOriginal('p', 'i');
    expect(await storage.put(key, bytes)).toEqual({ sizeBytes: 12, sha256 });
    expect(await storage.put(key, Readable.from([bytes.subarray(0, 5), bytes.subarray(5)]))).toEqual({
      sizeBytes: 12,
      sha256,
    });
    expect(await storage.get(key)).toEqual(bytes);
    expect(await buffer(await storage.stream(key))).toEqual(bytes);
    expect(await storage.exists(key)).toBe(true);
  });

  test('says which object is missing', async () => {
    await expect(storage.get('a/b')).rejects.toThrow(ObjectNotFound);
    await expect(storage.stream('a/b')).rejects.toThrow(ObjectNotFound);
    expect(await storage.exists('a/b')).toBe(false);
    await storage.delete('a/b');
  });

  test('deletes and lists by prefix', async () => {
    for (const key of ['a/1', 'a/x/2', 'ab/3']) await storage.put(key, Buffer.from('x'));
    expect((await listAll(storage.list('a/'))).sort()).toEqual(['a/1', 'a/x/2']);
    await storage.deletePrefix('a/');
    expect(await listAll(storage.list(''))).toEqual(['ab/3']);
    await storage.delete('ab/3');
    expect(await listAll(storage.list(''))).toEqual([]);
  });

  test.each(['../a', 'a/../b', '/a', 'a//b', '.', 'a/.b', 'a\\b', 'a\0', '', 'a/'])(
    'refuses the key %j',
    async (key) => {
      await expect(storage.put(key, Buffer.from('x'))).rejects.toThrow(InvalidKey);
      await expect(storage.get(key)).rejects.toThrow(InvalidKey);
    },
  );

  test('a stream that breaks leaves the old object and no rubbish', async () => {
    await storage.put('a/1', Buffer.from('old'));
    const broken = Readable.from(
      (async function* () {
        yield await Promise.resolve(Buffer.from('new'));
        throw new Error('the client went away');
      })(),
    );
    await expect(storage.put('a/1', broken)).rejects.toThrow('the client went away');
    expect((await storage.get('a/1')).toString()).toBe('old');
    expect(await readdir(join(folder, 'objects', 'a'))).toEqual(['1']);
  });
});
