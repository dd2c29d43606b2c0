import { Readable } from 'node:stream';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import { Upload } from '../../../schema/entities/upload.entity.ts';
import { newId, timeOfId } from '../../../schema/id.ts';
import type { Caller } from '../../access/access.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import type { UrlSigner } from '../../access/signing.ts';
import { checkCount, checkText } from '../../input-checks.ts';
import type { ProjectService } from '../projects/project.service.ts';
import type { RequestUploadsInput, UploadFileInput, UploadTicket } from './image.input.ts';

const lifetimeMs = 3_600_000;

/** By its id, so that a ticket that is asked for again under an Idempotency-Key is told to be as old as it is. */
const expiryOf = (id: string): Date => new Date((timeOfId(id) as Date).getTime() + lifetimeMs);

export const uploadPath = (id: string): string => `/v1/uploads/${id}`;

/** Tickets let photographs travel as plain files, outside GraphQL, before anything is known of them. */
export class UploadService {
  constructor(
    private readonly database: Database,
    private readonly storage: Storage,
    private readonly projects: ProjectService,
    private readonly signer: UrlSigner,
    private readonly limits: Limits,
  ) {}

  async request(caller: Caller, input: RequestUploadsInput): Promise<UploadTicket[]> {
    const { id: projectId } = await this.projects.get(caller, 'label', input.projectId);
    checkCount('files', input.files, this.limits.batchSize);
    const createdAt = new Date();
    const rows = input.files.map((file) => ({ ...this.checkFile(file), id: newId(), projectId, createdAt }));
    const ids = await OnceOnly.of(this.database, caller, 'requestUploads', input).transact(async (manager) => {
      await manager.insert(
        Upload,
        rows.map((row) => ({ ...row, expiresAt: expiryOf(row.id) })),
      );
      return rows.map(({ id }) => id);
    });
    return Promise.all(ids.map((id, index) => this.ticketOf(id, rows[index]?.sizeBytes ?? 0)));
  }

  /** Takes the body of the PUT. @throws DomainError when the size is not the one announced; nothing is kept then */
  async receive(id: string, body: Readable): Promise<{ sha256: string }> {
    const { sizeBytes } = await this.getOpen(id);
    const stored = await this.storage.put(keys.upload(id), Readable.from(upTo(sizeBytes, body)));
    if (stored.sizeBytes === sizeBytes) return stored;
    await this.storage.delete(keys.upload(id));
    throw wrongSize(sizeBytes, stored.sizeBytes);
  }

  /** Keeps a file that this server has already, as if it had been uploaded. Returns its ticket and what tells its bytes. */
  async keep(
    caller: Caller,
    projectId: string,
    { name, bytes }: { name: string; bytes: Buffer },
  ): Promise<{ uploadId: string; sha256: string }> {
    const files = [{ name, sizeBytes: bytes.length }];
    const [ticket] = await this.request({ ...caller, idempotencyKey: null }, { projectId, files });
    const { id } = ticket as UploadTicket;
    const { sha256 } = await this.receive(id, Readable.from([bytes]));
    return { uploadId: id, sha256 };
  }

  /** The file of a ticket of this project. @throws DomainError when it has not come or is used up */
  async read(projectId: string, id: string, maxBytes: number): Promise<{ name: string; bytes: Buffer }> {
    const upload = await this.getOpen(id);
    if (upload.projectId !== projectId) throw notFound('upload of this project', id);
    refuseTooLarge(upload, maxBytes);
    const bytes = await this.readAnnounced(upload);
    if (bytes.length !== upload.sizeBytes) throw wrongSize(upload.sizeBytes, bytes.length);
    return { name: upload.name, bytes };
  }

  /** One byte more than announced is enough to know, since not every storage refuses a longer file. */
  private async readAnnounced({ id, sizeBytes }: Upload): Promise<Buffer> {
    try {
      return await this.storage.getRange(keys.upload(id), 0, sizeBytes + 1);
    } catch (error) {
      if (!(error instanceof ObjectNotFound)) throw error;
      throw new DomainError('INVALID', `The file of upload ${id} has not been sent yet.`, { field: 'uploadId' });
    }
  }

  /** Object last: without its row a ticket is used up. */
  async discard(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.database.transact((manager) => manager.delete(Upload, [...ids]));
    await Promise.all(ids.map((id) => this.storage.delete(keys.upload(id))));
  }

  private async getOpen(id: string): Promise<Upload> {
    const upload = await this.database.read.manager.findOneBy(Upload, { id });
    if (upload && upload.expiresAt.getTime() > Date.now()) return upload;
    const message = `Upload ${JSON.stringify(id.slice(0, 100))} is unknown, already used or expired; request a new ticket.`;
    throw new DomainError('UPLOAD_EXPIRED', message, { uploadId: id });
  }

  private checkFile({ name, sizeBytes }: UploadFileInput): { name: string; sizeBytes: number } {
    const max = this.limits.trainingImageBytes;
    if (sizeBytes < 1 || sizeBytes > max) {
      const message = `sizeBytes of ${JSON.stringify(name)} must be 1 to ${max}; it is ${sizeBytes}.`;
      throw new DomainError('TOO_LARGE', message, { field: 'sizeBytes', max, value: sizeBytes });
    }
    return { name: checkText('name', name, { min: 1, max: 255 }), sizeBytes };
  }

  /** Straight to the storage where that is possible, else through this server. */
  private async ticketOf(id: string, sizeBytes: number): Promise<UploadTicket> {
    const direct = await this.storage.uploadUrl(keys.upload(id), sizeBytes, lifetimeMs);
    const url = direct ?? this.signer.sign(uploadPath(id), lifetimeMs).url;
    const headers = [{ name: 'content-type', value: 'application/octet-stream' }];
    return { id, url, method: 'PUT', headers, expiresAt: expiryOf(id) };
  }
}

function refuseTooLarge({ sizeBytes: value }: Upload, max: number): void {
  if (value <= max) return;
  const message = `The image has ${value} bytes; the limit is ${max}.`;
  throw new DomainError('TOO_LARGE', message, { field: 'uploadId', max, value });
}

function wrongSize(sizeBytes: number, received: number): DomainError {
  const came = received > sizeBytes ? 'more' : String(received);
  const message = `The upload was announced with ${sizeBytes} bytes, but ${came} arrived. Send it again.`;
  return new DomainError('INVALID', message, { sizeBytes, received });
}

/** Stops a body at the first byte beyond what was announced. */
async function* upTo(max: number, body: Readable): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (received > max)
      throw new DomainError('TOO_LARGE', `The upload was announced with ${max} bytes, but more arrived.`, { max });
    yield chunk;
  }
}
