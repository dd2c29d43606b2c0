import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  S3ServiceException,
  type ListMultipartUploadsCommandOutput,
  type MultipartUpload,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { S3Config } from '../config.ts';
import { OutageError } from '../outage.ts';
import { createS3Client, createS3Signer, isAway } from './s3-client.ts';
import { checkKey, checkPrefix, checkRange, ObjectNotFound } from './storage.ts';
import type { ServedAs, Storage, StoredEntry, StoredObject } from './storage.ts';

/** A stream is held in memory one part at a time; S3 allows 10,000 parts, so this carries 80 GB. */
const partSizeBytes = 8 * 1024 * 1024;
/** The most that S3 deletes in one request. */
const deleteBatchSize = 1000;

/** The pause before a further read doubles: whatever spoilt the body may take a moment to pass. */
const maxReads = 4;
const firstReadPauseMs = 50;
const pingTimeoutMs = 5_000;

interface ObjectAddress {
  Bucket: string;
  Key: string;
}

/** Objects in a bucket of Amazon S3 or any server that speaks its protocol. */
export class S3Storage implements Storage {
  private readonly client: S3Client;
  private readonly signer: S3Client;

  constructor(private readonly config: S3Config) {
    this.client = createS3Client(config);
    this.signer = createS3Signer(config);
  }

  /** S3 shows an object only once all of it has come, and refuses what does not have the checksum sent with it. */
  async put(key: string, bytes: Uint8Array | Readable): Promise<StoredObject> {
    const target = this.at(key);
    return bytes instanceof Uint8Array ? this.putBytes(target, bytes) : this.putStream(target, bytes);
  }

  async get(key: string): Promise<Buffer> {
    return this.read(new GetObjectCommand(this.at(key)));
  }

  async getRange(key: string, startBytes: number, lengthBytes: number): Promise<Buffer> {
    checkRange(startBytes, lengthBytes);
    const Range = `bytes=${startBytes}-${startBytes + lengthBytes - 1}`;
    try {
      return await this.read(new GetObjectCommand({ ...this.at(key), Range }));
    } catch (error) {
      // S3 has no empty range: it refuses one that begins where the object ends.
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416) return Buffer.alloc(0);
      throw error;
    }
  }

  async stream(key: string): Promise<Readable> {
    const { Body } = await this.client.send(new GetObjectCommand(this.at(key)));
    return Body as Readable;
  }

  async exists(key: string): Promise<boolean> {
    try {
      await this.client.send(new HeadObjectCommand(this.at(key)));
      return true;
    } catch (error) {
      if (error instanceof ObjectNotFound) return false;
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.at(key)));
  }

  async deletePrefix(prefix: string): Promise<void> {
    checkPrefix(prefix);
    let keys: string[] = [];
    for await (const { key } of this.list(prefix)) {
      keys.push(key);
      if (keys.length < deleteBatchSize) continue;
      await this.deleteBatch(keys);
      keys = [];
    }
    if (keys.length > 0) await this.deleteBatch(keys);
  }

  list(prefix: string): AsyncIterable<StoredEntry> {
    if (prefix !== '') checkPrefix(prefix);
    return this.objects(prefix);
  }

  async discardUnfinished(before: Date): Promise<number> {
    let count = 0;
    for await (const { Key, UploadId, Initiated } of this.unfinishedUploads()) {
      if (!Initiated || Initiated > before) continue;
      await this.client.send(new AbortMultipartUploadCommand({ Bucket: this.bucket, Key, UploadId }));
      count += 1;
    }
    return count;
  }

  /** The size is part of the signature, so that S3 itself refuses a body of another size. */
  async uploadUrl(key: string, sizeBytes: number, lifetimeMs: number): Promise<string | null> {
    return this.sign(new PutObjectCommand({ ...this.at(key), ContentLength: sizeBytes }), lifetimeMs);
  }

  async downloadUrl(key: string, servedAs: ServedAs, lifetimeMs: number): Promise<string | null> {
    const headers = {
      ResponseContentType: servedAs.contentType,
      ResponseContentDisposition: servedAs.contentDisposition,
      ResponseCacheControl: servedAs.cacheControl,
    };
    return this.sign(new GetObjectCommand({ ...this.at(key), ...headers }), lifetimeMs);
  }

  /** Lists rather than asking for the bucket's head, whose refusals would not say why. */
  async ping(): Promise<void> {
    const abortSignal = AbortSignal.timeout(pingTimeoutMs);
    try {
      await this.client.send(new ListObjectsV2Command({ Bucket: this.bucket, MaxKeys: 1 }), { abortSignal });
    } catch (error) {
      if (!abortSignal.aborted) throw error;
      throw new Error(`Bucket ${this.bucket}: the server did not answer within ${pingTimeoutMs} ms.`, { cause: error });
    }
  }

  private get bucket(): string {
    return this.config.bucket;
  }

  private at(key: string): ObjectAddress {
    checkKey(key);
    return { Bucket: this.bucket, Key: key };
  }

  private async putBytes(target: ObjectAddress, bytes: Uint8Array): Promise<StoredObject> {
    const hash = createHash('sha256').update(bytes).digest();
    await this.client.send(new PutObjectCommand({ ...target, Body: bytes, ChecksumSHA256: hash.toString('base64') }));
    return { sizeBytes: bytes.byteLength, sha256: hash.toString('hex') };
  }

  private async putStream(target: ObjectAddress, source: Readable): Promise<StoredObject> {
    const measured = new Measured();
    const params = { ...target, Body: Readable.from(measured.through(source)), ChecksumAlgorithm: 'SHA256' as const };
    // One part at a time: after a failure none is still on its way that would outlive the abort.
    await new Upload({ client: this.client, params, partSize: partSizeBytes, queueSize: 1 }).done();
    return measured.result();
  }

  /** A body that breaks off or has another checksum is asked for again: the client itself retries only until the answer begins. */
  private async read(command: GetObjectCommand): Promise<Buffer> {
    for (let attempt = 1; ; attempt += 1) {
      const { Body } = await this.client.send(command);
      try {
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      } catch (error) {
        if (attempt === maxReads) throw isAway(error) ? new OutageError('storage', { cause: error }) : error;
        await setTimeout(firstReadPauseMs * 2 ** (attempt - 1));
      }
    }
  }

  private async *objects(prefix: string): AsyncGenerator<StoredEntry> {
    const { client, bucket } = this;
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }))
      for (const { Key, Size = 0, LastModified } of Contents)
        if (Key !== undefined && LastModified) yield { key: Key, sizeBytes: Size, modifiedAt: LastModified };
  }

  private async *unfinishedUploads(): AsyncGenerator<MultipartUpload> {
    let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
    while (markers) {
      const page: ListMultipartUploadsCommandOutput = await this.client.send(
        new ListMultipartUploadsCommand({ Bucket: this.bucket, ...markers }),
      );
      yield* page.Uploads ?? [];
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      markers = page.IsTruncated ? { KeyMarker, UploadIdMarker } : undefined;
    }
  }

  private async deleteBatch(keys: readonly string[]): Promise<void> {
    const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
    const { Errors = [] } = await this.client.send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete }));
    const [first] = Errors;
    if (!first) return;
    const reason = `${String(first.Key)}: ${String(first.Message ?? first.Code)}`;
    throw new Error(`${Errors.length} of ${keys.length} objects could not be deleted, first ${reason}`);
  }

  private async sign(command: PutObjectCommand | GetObjectCommand, lifetimeMs: number): Promise<string | null> {
    if (!this.config.direct) return null;
    const expiresIn = Math.floor(lifetimeMs / 1000);
    return getSignedUrl(this.signer, command, { expiresIn, signableHeaders: new Set(['host', 'content-length']) });
  }
}

/** Size and hash of what passes through. */
class Measured {
  private readonly hash = createHash('sha256');
  private sizeBytes = 0;

  async *through(source: Readable): AsyncGenerator<Uint8Array> {
    for await (const chunk of source as AsyncIterable<Uint8Array | string>) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      this.hash.update(bytes);
      this.sizeBytes += bytes.byteLength;
      yield bytes;
    }
  }

  result(): StoredObject {
    return { sizeBytes: this.sizeBytes, sha256: this.hash.digest('hex') };
  }
}
