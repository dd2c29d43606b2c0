import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { Database } from '../../../infra/database/database.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { renderJpeg } from '../../../workers/ml/images/image.ts';
import { notFound } from '../../errors.ts';
import type { Gate } from '../../gate.ts';
import type { UrlSigner } from '../../access/signing.ts';

/** In which size a picture is served. */
export const renditions = ['original', 'display', 'thumbnail'] as const;
export type Rendition = (typeof renditions)[number];

const renditionSizes: Record<Exclude<Rendition, 'original'>, number> = { display: 1024, thumbnail: 256 };
const lifetimeMs = 3_600_000;

export const imagePath = (id: string, rendition: Rendition): string => `/v1/images/${id}/${rendition}`;
export const predictionImagePath = (id: string): string => `/v1/predictions/${id}/image`;

export interface PictureFile {
  bytes: Buffer;
  contentType: string;
  name: string;
}

/** Downloaded by the name that the picture came with; shown when a page asks for it. */
export const inlineAs = (name: string): string => `inline; filename*=UTF-8''${encodeURIComponent(name)}`;
/** What is behind a signed address never changes. */
export const cachedFor = (seconds: number): string => `private, max-age=${seconds}, immutable`;

/** Serves the pictures behind signed addresses. The smaller sizes are made when they are first looked at, and kept. */
export class ImageFiles {
  constructor(
    private readonly database: Database,
    private readonly storage: Storage,
    private readonly signer: UrlSigner,
    private readonly gate: Gate,
  ) {}

  urlOf(id: string, rendition: Rendition): string {
    return this.signer.sign(imagePath(id, rendition), lifetimeMs).url;
  }

  urlOfPrediction(id: string): string {
    return this.signer.sign(predictionImagePath(id), lifetimeMs).url;
  }

  /** Where a client may fetch the original straight from the storage for a while; null: it comes through `image`. */
  async directUrl(id: string, seconds: number): Promise<string | null> {
    const { projectId, name, format } = await this.getRow(id);
    const servedAs = {
      contentType: `image/${format}`,
      contentDisposition: inlineAs(name),
      cacheControl: cachedFor(seconds),
    };
    return this.storage.downloadUrl(keys.imageOriginal(projectId, id), servedAs, seconds * 1000);
  }

  async image(id: string, rendition: Rendition): Promise<PictureFile> {
    const { projectId, name, format } = await this.getRow(id);
    const original = keys.imageOriginal(projectId, id);
    if (rendition === 'original')
      return { bytes: await this.storage.get(original), contentType: `image/${format}`, name };
    const key = rendition === 'display' ? keys.imageDisplay(projectId, id) : keys.imageThumbnail(projectId, id);
    const bytes = (await this.kept(key)) ?? (await this.render(original, key, renditionSizes[rendition]));
    return { bytes, contentType: 'image/jpeg', name: `${name}.jpg` };
  }

  async predictionImage(id: string): Promise<PictureFile> {
    const prediction = await this.database.read.manager.findOneBy(Prediction, { id });
    if (!prediction?.isStored) throw notFound('stored prediction', id);
    const bytes = await this.storage.get(keys.predictionOriginal(prediction.projectId, id));
    const jpeg = await this.gate.run(() => renderJpeg(bytes, renditionSizes.display));
    return { bytes: jpeg, contentType: 'image/jpeg', name: `${id}.jpg` };
  }

  private async getRow(id: string): Promise<Image> {
    const image = await this.database.read.manager.findOneBy(Image, { id });
    if (!image) throw notFound('image', id);
    return image;
  }

  private async kept(key: string): Promise<Buffer | null> {
    try {
      return await this.storage.get(key);
    } catch (error) {
      if (error instanceof ObjectNotFound) return null;
      throw error;
    }
  }

  private render(original: string, key: string, maxEdge: number): Promise<Buffer> {
    return this.gate.run(async () => {
      const jpeg = await renderJpeg(await this.storage.get(original), maxEdge);
      await this.storage.put(key, jpeg);
      return jpeg;
    });
  }
}
