import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig, type StorageConfig } from '../../../infra/config.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import { InvalidKey, ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { Backend } from '../../backends/backend.ts';
import { folderBackend } from '../../backends/folder.ts';
import { hasS3, s3Backend } from '../../backends/s3.ts';
import { keysBelow } from '../api/setup.ts';

const mebibyte = 1024 * 1024;
/** Nothing that is made in a test is younger; the second is for storages that know whole seconds only. */
const soon = (): Date => new Date(Date.now() + 1000);

/** Each a block of its own, so that whoever holds all of them is seen. */
async function* blocks(count: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < count; at += 1) yield await Promise.resolve(Buffer.alloc(mebibyte, 'taglens'));
}

async function* broken(count: number): AsyncGenerator<Buffer> {
  yield* blocks(count);
  throw new Error('the client went away');
}

async function hashOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory outside the heap, where buffers are, that somebody still holds: what nobody does may lie there for a while. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** By how much it grew at its peak, as far as was looked. */
async function peakBytes(work: (look: () => void) => Promise<void>): Promise<number> {
  const start = heldBytes();
  let peak = start;
  await work(() => (peak = Math.max(peak, heldBytes())));
  return peak - start;
}

/** The same chunks, with a look whenever ten more mebibytes have passed. */
async function* watched(chunks: AsyncIterable<Buffer>, look: () => void): AsyncGenerator<Buffer> {
  const tens = (bytes: number): number => Math.floor(bytes / (10 * mebibyte));
  let passed = 0;
  for await (const chunk of chunks) {
    yield chunk;
    passed += chunk.byteLength;
    if (tens(passed) > tens(passed - chunk.byteLength)) look();
  }
}

let backend: Backend;
let config: StorageConfig;
let storage: Storage;

async function openFresh(make: () => Promise<Backend | null>): Promise<void> {
  const made = await make();
  if (!made) throw new Error('TAGLENS_TEST_S3_ACCESS_KEY_ID and TAGLENS_TEST_S3_SECRET_ACCESS_KEY are missing.');
  backend = made;
  config = loadConfig(backend.settings).storage;
  storage = await openStorage(config);
}

/** Every adapter must pass this. */
const adapters: [name: string, make: () => Promise<Backend | null>, isThere: boolean][] = [
  ['disk', folderBackend, true],
  ['s3 (when TAGLENS_TEST_S3_ENDPOINT names a server)', s3Backend, hasS3],
];

for (const [name, make, isThere] of adapters)
  describe.skipIf(!isThere)(name, () => {
    beforeEach(() => openFresh(make));
    afterEach(() => backend.close());

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

    test('keeps an empty object, from bytes and from a stream', async () => {
      const sha256 = createHash('sha256').digest('hex');
      for (const empty of [Buffer.alloc(0), Readable.from([])]) {
        expect(await storage.put('a/empty', empty)).toEqual({ sizeBytes: 0, sha256 });
        expect(await storage.get('a/empty')).toEqual(Buffer.alloc(0));
        expect(await storage.getRange('a/empty', 0, 10)).toEqual(Buffer.alloc(0));
        expect(await storage.exists('a/empty')).toBe(true);
      }
    });

    test('a hundred megabytes pass through a bounded memory, both ways', async () => {
      const sha256 = await hashOf(blocks(100));
      const up = await peakBytes(async (look) => {
        const stored = await storage.put('a/large', Readable.from(watched(blocks(100), look)));
        expect(stored).toEqual({ sizeBytes: 100 * mebibyte, sha256 });
      });
      const down = await peakBytes(async (look) => {
        const stream = (await storage.stream('a/large')) as AsyncIterable<Buffer>;
        expect(await hashOf(watched(stream, look))).toBe(sha256);
      });
      expect(Math.max(up, down)).toBeLessThan(64 * mebibyte);
      expect(await storage.discardUnfinished(soon())).toBe(0);
    });

    test('reads a range from the start, the middle and up to the end', async () => {
      await storage.put('a/1', Buffer.from('0123456789'));
      const range = async (start: number, length: number) => (await storage.getRange('a/1', start, length)).toString();
      expect(await range(0, 3)).toBe('012');
      expect(await range(4, 3)).toBe('456');
      expect(await range(8, 100)).toBe('89');
      expect(await range(0, 10)).toBe('0123456789');
      expect(await range(10, 1)).toBe('');
      expect(await range(1000, 1)).toBe('');
      await expect(range(-1, 1)).rejects.toThrow(RangeError);
      await expect(range(0, 0)).rejects.toThrow(RangeError);
    });

    test('says which object is missing', async () => {
      await expect(storage.get('a/b')).rejects.toThrow(ObjectNotFound);
      await expect(storage.getRange('a/b', 0, 1)).rejects.toThrow(ObjectNotFound);
      await expect(storage.stream('a/b')).rejects.toThrow(ObjectNotFound);
      expect(await storage.exists('a/b')).toBe(false);
      await storage.delete('a/b');
      await storage.deletePrefix('a/');
    });

    test('a replaced object is the old one or the new one at every moment', async () => {
      const versions = [Buffer.alloc(300_000, 'a'), Buffer.alloc(200_000, 'b')] as const;
      await storage.put('a/1', versions[0]);
      const seen = new Set<string>();
      const write = async (bytes: Buffer) => {
        for (let at = 0; at < 10; at += 1) await storage.put('a/1', bytes);
      };
      const writing = Promise.all(versions.map(write));
      for (let at = 0; at < 20; at += 1) {
        const bytes = await storage.get('a/1');
        seen.add(versions.some((version) => version.equals(bytes)) ? 'whole' : `torn, ${bytes.length} bytes`);
      }
      await writing;
      expect([...seen]).toEqual(['whole']);
    });

    test('lists with size and time, by prefix', async () => {
      await storage.put('a/x/2', Buffer.from('four'));
      await storage.put('ab/3', Buffer.from('x'));
      for await (const { key, sizeBytes, modifiedAt } of storage.list('a/')) {
        expect([key, sizeBytes]).toEqual(['a/x/2', 4]);
        expect(Math.abs(Date.now() - modifiedAt.getTime())).toBeLessThan(60_000);
      }
      expect(await keysBelow(storage, 'a/')).toEqual(['a/x/2']);
      expect(await keysBelow(storage, 'none/')).toEqual([]);
      expect(() => storage.list('a')).toThrow(InvalidKey);
    });

    test('lists and deletes more than a page of objects, and no others', async () => {
      const many = Array.from({ length: 1005 }, (_, at) => `a/${at % 7}/${at}`);
      for (let at = 0; at < many.length; at += 50)
        await Promise.all(many.slice(at, at + 50).map((key) => storage.put(key, Buffer.from('x'))));
      await storage.put('ab/1', Buffer.from('x'));
      expect(await keysBelow(storage, 'a/')).toEqual(many.sort());
      await storage.deletePrefix('a/');
      expect(await keysBelow(storage, '')).toEqual(['ab/1']);
      await storage.delete('ab/1');
      expect(await keysBelow(storage, '')).toEqual([]);
    });

    test.each([
      '../a',
      'a/../b',
      '/a',
      'a//b',
      '.',
      'a/.b',
      'a\\b',
      'a\0',
      '',
      'a/',
      'Bäume/ü',
      'a b',
      'a'.repeat(513),
    ])('refuses the key %j, and names it', async (key) => {
      await expect(storage.put(key, Buffer.from('x'))).rejects.toThrow(InvalidKey);
      await expect(storage.get(key)).rejects.toThrow(JSON.stringify(key));
      await expect(storage.getRange(key, 0, 1)).rejects.toThrow(InvalidKey);
    });

    // 20 MiB are more than two parts of a multipart upload.
    test.each([0, 1, 20])('a stream that breaks after %i MiB leaves the old object and no rubbish', async (count) => {
      await storage.put('a/1', Buffer.from('old'));
      await expect(storage.put('a/1', Readable.from(broken(count)))).rejects.toThrow('the client went away');
      expect((await storage.get('a/1')).toString()).toBe('old');
      expect(await keysBelow(storage, '')).toEqual(['a/1']);
      expect(await storage.discardUnfinished(soon())).toBe(0);
    });

    test('is ready', () => storage.ping());
  });

describe('disk only', () => {
  beforeEach(() => openFresh(folderBackend));
  afterEach(() => backend.close());

  test('has no addresses for clients', async () => {
    const servedAs = { contentType: 'image/png', contentDisposition: 'inline', cacheControl: 'private' };
    expect(await storage.uploadUrl('a/1', 1, 1000)).toBeNull();
    expect(await storage.downloadUrl('a/1', servedAs, 1000)).toBeNull();
  });

  test('a temporary file is no object, and is discarded once it is old', async () => {
    const folder = join(config.kind === 'disk' ? config.folder : '', 'a');
    const source = new Readable({ read: () => undefined });
    await storage.put('a/1', Buffer.from('x'));
    const putting = storage.put('a/2', source);
    await expect.poll(() => readdir(folder)).toHaveLength(2);
    expect(await keysBelow(storage, '')).toEqual(['a/1']);
    expect(await storage.discardUnfinished(new Date(Date.now() - 60_000))).toBe(0);
    expect(await storage.discardUnfinished(soon())).toBe(1);
    expect(await readdir(folder)).toEqual(['1']);
    source.destroy(new Error('enough'));
    await expect(putting).rejects.toThrow('enough');
  });
});
