import type { z } from 'zod';
import { DomainError } from '../../errors.ts';
import type { AddImageResult, AddImagesInput, NewImageInput } from '../../features/images/image.input.ts';
import { AddImageStatus } from '../../../schema/enums.ts';
import type { Answer, RowRequest } from '../row.ts';
import { batchAnswer } from './batch-answer.ts';
import type { createStatuses, createSummary } from './image-models.ts';
import { metadataInput, wireImages } from './images.ts';

export type Status = (typeof createStatuses)[number];
type Asked = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;
type Entry = z.input<typeof createSummary>['images'][number];
type Refused = { code: string; reason: string | null };

const mostInName = 255;

/** A picture on its way in: where its bytes are by now, or why they are not. */
export interface Incoming {
  /** Its address or name, as the answer tells it. */
  sourceUrl: string;
  image: NewImageInput | Refused;
  /** Of the bytes, where they came with the request. */
  sha256?: string;
}

/** What every picture of a batch gets. */
export interface BatchLabels {
  tagIds?: string[] | null | undefined;
  metadata?: Record<string, string> | null | undefined;
}

/** Keeps the bytes of one picture until the whole batch is known. One that is refused does not stop the others. */
export async function keep(
  { caller, services, path }: Asked,
  { name, bytes }: { name: string; bytes: Buffer },
  labels: Pick<NewImageInput, 'tagIds' | 'regions'>,
): Promise<Pick<Incoming, 'image' | 'sha256'>> {
  try {
    const file = { name: fittingName(name), bytes };
    const { uploadId, sha256 } = await services.uploads.keep(caller, path('projectId'), file);
    return { image: { source: { uploadId }, name: file.name, ...labels, isTest: false }, sha256 };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'TOO_LARGE')
      return { image: { code: error.code, reason: null } };
    throw error;
  }
}

/** Azure states no rule for names, so that none must refuse the picture. */
export const fittingName = (name: string): string =>
  [...name.replace(/\p{Cc}/gu, ' ').trim()].slice(0, mostInName).join('') || 'image';

/** @throws DomainError for a batch of nothing */
export function requireEntries(images: readonly unknown[]): void {
  if (images.length === 0) throw new DomainError('INVALID', 'images: no valid image files.', { field: 'images' });
}

/** Those of the batch too. A tag that a region carries is on the picture already: programs send it both ways. */
export function tagIdsOf(
  batch: BatchLabels,
  { tagIds, regions }: { tagIds?: string[] | null | undefined; regions?: { tagId: string }[] | null | undefined },
): string[] {
  const drawn = new Set(regions?.map(({ tagId }) => tagId));
  return [...(batch.tagIds ?? []), ...(tagIds ?? [])].filter((id) => !drawn.has(id));
}

/** Makes images of a batch and says what became of each. */
export async function addBatch(request: Asked, incoming: readonly Incoming[], batch: BatchLabels): Promise<Answer> {
  requireEntries(incoming);
  const { caller, services, path } = request;
  const projectId = path('projectId');
  const { kind } = await services.projects.get(caller, 'label', projectId);
  // As tags of each picture: an unknown one refuses pictures, not the request.
  const images = incoming.flatMap(({ image }) =>
    'code' in image ? [] : [{ ...image, tagIds: tagIdsOf(batch, image) }],
  );
  const labels = { tagIds: [], metadata: metadataInput(batch.metadata) };
  const asked = { projectId, images: incoming.map(identityOf), tagIds: batch.tagIds ?? [], metadata: labels.metadata };
  const added = images.length === 0 ? [] : await addKept(request, { projectId, images, ...labels }, asked);
  const rows = await request.loaders.image.loadMany(added.flatMap(({ imageId }) => imageId ?? []));
  const known = rows.flatMap((row) => (row && !(row instanceof Error) ? [row] : []));
  const wired = new Map((await wireImages(request, kind, known)).map((image) => [image.id, image]));
  let next = 0;
  const results = incoming.map(({ sourceUrl, image }): Entry => {
    const result = 'code' in image ? null : added[next++];
    const status = 'code' in image ? refusedStatus(image) : statusOf(result as AddImageResult);
    const own = status.startsWith('OK') ? wired.get(result?.imageId ?? '') : undefined;
    return { sourceUrl, status, ...(own ? { image: own } : {}) };
  });
  return batchAnswer(results);
}

/** Nobody else knows these tickets: those of refused pictures, and of a request that was answered before, go too. */
async function addKept({ caller, services }: Asked, input: AddImagesInput, asked: object): Promise<AddImageResult[]> {
  try {
    return (await services.images.add(caller, input, asked)).results;
  } finally {
    await services.uploads.discard(input.images.flatMap(({ source }) => source.uploadId ?? []));
  }
}

/** What tells a picture from another when a request is repeated: its ticket is a new one each time. */
const identityOf = ({ image, sha256 }: Incoming): object =>
  sha256 === undefined ? image : { ...image, source: { sha256 } };

export function statusOf({ status, code, reason }: Pick<AddImageResult, 'status' | 'code' | 'reason'>): Status {
  if (code !== null) return refusedStatus({ code, reason });
  return status === AddImageStatus.DUPLICATE ? 'OKDuplicate' : 'OK';
}

/** By the reason of a refusal, else by its code. */
const refusals: Record<string, Status> = {
  EMPTY: 'ErrorImageFormat',
  UNSUPPORTED_FORMAT: 'ErrorImageFormat',
  UNREADABLE: 'ErrorImageFormat',
  TOO_LARGE: 'ErrorImageSize',
  EDGE_TOO_LONG: 'ErrorImageDimensions',
  ASPECT_TOO_EXTREME: 'ErrorImageDimensions',
  TOO_MANY_PIXELS: 'ErrorImageDimensions',
  URL_REFUSED: 'ErrorSource',
  UPLOAD_EXPIRED: 'ErrorSource',
  LIMIT_REACHED: 'ErrorLimitExceed',
  TAGS_PER_IMAGE: 'ErrorTagLimitExceed',
  ONE_TAG_PER_IMAGE: 'ErrorTagLimitExceed',
  REGIONS_PER_IMAGE: 'ErrorRegionLimitExceed',
  TAG_CONFLICT: 'ErrorNegativeAndRegularTagOnSameImage',
  NOT_FOUND: 'ErrorInvalidTag',
  TAG_BY_REGION: 'ErrorInvalidTag',
};

export const refusedStatus = ({ code, reason }: Refused): Status =>
  refusals[reason ?? ''] ?? refusals[code] ?? 'ErrorUnknown';
