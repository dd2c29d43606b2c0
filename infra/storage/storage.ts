import type { Readable } from 'node:stream';

/** What is known of an object once it is safely stored. `sha256` is lower-case hexadecimal. */
export interface StoredObject {
  sizeBytes: number;
  sha256: string;
}

/** No object under this key. */
export class ObjectNotFound extends Error {
  constructor(readonly key: string) {
    super(`There is no stored object ${key}.`);
    this.name = 'ObjectNotFound';
  }
}

/** The key could leave the storage or is not a key at all. */
export class InvalidKey extends Error {
  constructor(readonly key: string) {
    super(
      `${JSON.stringify(key)} is not a storage key: one has at most 512 characters, which are letters, digits, “.”, “_”, “-” and single “/”, and no part of it starts with a dot.`,
    );
    this.name = 'InvalidKey';
  }
}

/** One object of a list. `modifiedAt` is by the clock of the storage, which may know whole seconds only. */
export interface StoredEntry {
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
}

/** How an object is to be shown when a browser fetches it straight from the storage. */
export interface ServedAs {
  contentType: string;
  contentDisposition: string;
  cacheControl: string;
}

/** Objects by key, such as images and models. Keys are made in `keys.ts`. Every method may throw InvalidKey and OutageError. */
export interface Storage {
  /** Stores all of it or nothing, replacing what was there; when it resolves the object survives a crash. */
  put(key: string, bytes: Uint8Array | Readable): Promise<StoredObject>;
  /** @throws ObjectNotFound */
  get(key: string): Promise<Buffer>;
  /** At most `lengthBytes` (1 or more) from `startBytes` on; less where the object ends. @throws ObjectNotFound */
  getRange(key: string, startBytes: number, lengthBytes: number): Promise<Buffer>;
  /** @throws ObjectNotFound before anything is read */
  stream(key: string): Promise<Readable>;
  exists(key: string): Promise<boolean>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Deletes every object whose key begins with `prefix`, which must end in «/». */
  deletePrefix(prefix: string): Promise<void>;
  /** Objects whose keys begin with `prefix` (which ends in «/», or is empty for all), in no particular order. */
  list(prefix: string): AsyncIterable<StoredEntry>;
  /** Removes what is left of puts that began before then and never ended; says how many. */
  discardUnfinished(before: Date): Promise<number>;
  /** Where a client may PUT exactly `sizeBytes` bytes for a while; null when the storage is not for clients. */
  uploadUrl(key: string, sizeBytes: number, lifetimeMs: number): Promise<string | null>;
  /** Where a client may GET the object for a while; null when the storage is not for clients. */
  downloadUrl(key: string, servedAs: ServedAs, lifetimeMs: number): Promise<string | null>;
  /** @throws Error that says what to fix, unless objects can be stored */
  ping(): Promise<void>;
}

/** @throws InvalidKey */
export function checkKey(key: string): void {
  if (key.length > 512 || !/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/.test(key))
    throw new InvalidKey(key);
}

/** @throws InvalidKey unless the prefix names whole folders */
export function checkPrefix(prefix: string): void {
  if (!prefix.endsWith('/')) throw new InvalidKey(prefix);
  checkKey(prefix.slice(0, -1));
}

/** @throws RangeError */
export function checkRange(startBytes: number, lengthBytes: number): void {
  if (!Number.isSafeInteger(startBytes) || startBytes < 0 || !Number.isSafeInteger(lengthBytes) || lengthBytes < 1)
    throw new RangeError(
      `A range must start at 0 or later and have at least 1 byte; it is ${startBytes}, ${lengthBytes}.`,
    );
}
