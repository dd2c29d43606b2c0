import { basename } from 'node:path';
import { fetchUrl, UrlRefusal } from '../../../infra/urls/fetch-url.ts';
import type { Config } from '../../../infra/config.ts';
import { DomainError } from '../../errors.ts';
import type { ImageSourceInput } from './image.input.ts';
import type { UploadService } from './upload.service.ts';

export interface SourceBytes {
  /** What the source itself is called. */
  name: string;
  bytes: Buffer;
}

/** Gets the bytes of an image from wherever the client says they are. */
export class ImageSources {
  constructor(
    private readonly uploads: UploadService,
    private readonly urls: Config['urls'],
  ) {}

  /** @throws DomainError when they cannot be had; the size is bounded before they are in memory */
  async read(projectId: string, source: ImageSourceInput, maxBytes: number): Promise<SourceBytes> {
    const { uploadId, url, base64 } = source;
    const given = [uploadId, url, base64].filter((value) => value != null).length;
    if (given !== 1)
      throw new DomainError('INVALID', `source must have exactly one of uploadId, url and base64; it has ${given}.`);
    if (uploadId != null) return this.uploads.read(projectId, uploadId, maxBytes);
    if (base64 != null) return { name: 'image', bytes: decodeBase64(base64, maxBytes) };
    return this.fetch(url ?? '', maxBytes);
  }

  private async fetch(url: string, maxBytes: number): Promise<SourceBytes> {
    try {
      const bytes = await fetchUrl(url, { maxBytes, ...this.urls });
      return { name: basename(new URL(url).pathname) || 'image', bytes };
    } catch (error) {
      if (!(error instanceof UrlRefusal)) throw error;
      throw new DomainError('URL_REFUSED', error.message, { reason: error.code, field: 'url' });
    }
  }
}

function decodeBase64(text: string, maxBytes: number): Buffer {
  const body = text.startsWith('data:') ? text.slice(text.indexOf(',') + 1) : text;
  const estimate = Math.floor((body.length * 3) / 4) - 2;
  if (estimate > maxBytes) {
    const message = `The image has about ${estimate} bytes; the limit is ${maxBytes}.`;
    throw new DomainError('TOO_LARGE', message, { field: 'base64', max: maxBytes, value: estimate });
  }
  if (!/^[A-Za-z0-9+/_\-\s]*={0,2}\s*$/.test(body))
    throw new DomainError('INVALID', 'base64 contains characters that are not valid base64.', { field: 'base64' });
  return Buffer.from(body, 'base64');
}
