import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, mkdir, open, opendir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { checkKey, checkPrefix, checkRange, ObjectNotFound } from './storage.ts';
import type { Storage, StoredEntry, StoredObject } from './storage.ts';

/** Objects as files below a folder. */
export class DiskStorage implements Storage {
  constructor(private readonly root: string) {}

  /** Written under a temporary name beside the target, so that a crash never leaves half an object under the key. */
  async put(key: string, bytes: Uint8Array | Readable): Promise<StoredObject> {
    const path = this.pathOf(key);
    await makeFolder(dirname(path), this.root);
    const temporary = join(dirname(path), `.${randomUUID()}.part`);
    try {
      const stored = await writeDurably(temporary, bytes);
      await rename(temporary, path);
      await syncFolder(dirname(path));
      return stored;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async get(key: string): Promise<Buffer> {
    const path = this.pathOf(key);
    return readFile(path).catch((error: unknown) => {
      throw isMissing(error) ? new ObjectNotFound(key) : error;
    });
  }

  async getRange(key: string, startBytes: number, lengthBytes: number): Promise<Buffer> {
    checkRange(startBytes, lengthBytes);
    const file = await open(this.pathOf(key)).catch((error: unknown) => {
      throw isMissing(error) ? new ObjectNotFound(key) : error;
    });
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.max(0, Math.min(lengthBytes, size - startBytes)));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, startBytes);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async stream(key: string): Promise<Readable> {
    if (!(await this.exists(key))) throw new ObjectNotFound(key);
    return createReadStream(this.pathOf(key));
  }

  async exists(key: string): Promise<boolean> {
    const found = await stat(this.pathOf(key)).catch(missingAsUndefined);
    return found?.isFile() ?? false;
  }

  async delete(key: string): Promise<void> {
    await rm(this.pathOf(key), { force: true });
  }

  async deletePrefix(prefix: string): Promise<void> {
    checkPrefix(prefix);
    await rm(join(this.root, prefix), { recursive: true, force: true });
  }

  list(prefix: string): AsyncIterable<StoredEntry> {
    if (prefix !== '') checkPrefix(prefix);
    return this.objects(prefix);
  }

  async discardUnfinished(before: Date): Promise<number> {
    let count = 0;
    for await (const file of walk(this.root, '')) {
      if (!isUnfinished(file)) continue;
      const found = await stat(join(this.root, file)).catch(missingAsUndefined);
      if (!found || found.mtime > before) continue;
      await rm(join(this.root, file), { force: true });
      count += 1;
    }
    return count;
  }

  uploadUrl(): Promise<null> {
    return Promise.resolve(null);
  }

  downloadUrl(): Promise<null> {
    return Promise.resolve(null);
  }

  async ping(): Promise<void> {
    await mkdir(this.root, { recursive: true });
    await access(this.root, constants.W_OK);
  }

  private async *objects(prefix: string): AsyncGenerator<StoredEntry> {
    for await (const key of walk(this.root, prefix)) {
      const found = isUnfinished(key) ? undefined : await stat(join(this.root, key)).catch(missingAsUndefined);
      if (found) yield { key, sizeBytes: found.size, modifiedAt: found.mtime };
    }
  }

  private pathOf(key: string): string {
    checkKey(key);
    return join(this.root, key);
  }
}

/** Paths of all files below a folder, with the unfinished ones. */
async function* walk(root: string, prefix: string): AsyncGenerator<string> {
  const folder = await opendir(join(root, prefix)).catch(missingAsUndefined);
  if (!folder) return;
  for await (const entry of folder) {
    if (entry.isDirectory()) yield* walk(root, `${prefix}${entry.name}/`);
    else yield `${prefix}${entry.name}`;
  }
}

/** No part of a key begins with a dot. */
const isUnfinished = (path: string): boolean => basename(path).startsWith('.');

async function writeDurably(path: string, bytes: Uint8Array | Readable): Promise<StoredObject> {
  const file = await open(path, 'wx');
  try {
    const stored = await writeAll(file, bytes instanceof Uint8Array ? [bytes] : bytes);
    await file.sync();
    return stored;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array | string>) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    hash.update(bytes);
    sizeBytes += bytes.byteLength;
    await file.writeFile(bytes);
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** A new folder is durable only once the folder that names it is synced as well. */
async function makeFolder(path: string, root: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) await syncFolder(dirname(folder));
  if (first.length < root.length) await syncFolder(root);
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder for syncing; its file system journals names itself.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}

function missingAsUndefined(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
