import type { z } from 'zod';
import type { Image } from '../../../schema/entities/image.entity.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import type { Context } from '../../context.ts';
import type { ImageMetadataInput } from '../../features/images/metadata.input.ts';
import type { imageModel } from './image-models.ts';

type WireImage = z.input<typeof imageModel>;

/** Whole pictures with their labels; the addresses are good for an hour without a key. */
export async function wireImages(
  { loaders, services }: Pick<Context, 'loaders' | 'services'>,
  kind: ProjectKind,
  images: readonly Image[],
): Promise<WireImage[]> {
  return Promise.all(
    images.map(async (image) => ({
      ...frameOf(image),
      ...addressesOf(services, image.id),
      ...(await labelsOf(loaders, kind, image)),
      ...(await metadataOf(loaders, image)),
    })),
  );
}

/** The picture in three sizes. */
export function addressesOf(
  { imageFiles }: Pick<Context['services'], 'imageFiles'>,
  id: string,
): Pick<WireImage, 'resizedImageUri' | 'thumbnailUri' | 'originalImageUri'> {
  return {
    resizedImageUri: imageFiles.urlOf(id, 'display'),
    thumbnailUri: imageFiles.urlOf(id, 'thumbnail'),
    originalImageUri: imageFiles.urlOf(id, 'original'),
  };
}

export function frameOf({
  id,
  createdAt,
  width,
  height,
}: Image): Pick<WireImage, 'id' | 'created' | 'width' | 'height'> {
  return { id, created: createdAt.toISOString(), width, height };
}

/** Clients tell the kinds of projects apart by whether there are regions at all. */
export async function labelsOf(
  loaders: Context['loaders'],
  kind: ProjectKind,
  { id, createdAt }: Image,
): Promise<Pick<WireImage, 'tags' | 'regions'>> {
  const created = createdAt.toISOString();
  const tags = (await loaders.tagsOfImage.load(id)).map((tag) => ({ tagId: tag.id, tagName: tag.name, created }));
  if (kind === ProjectKind.CLASSIFICATION) return { tags };
  const names = new Map(tags.map(({ tagId, tagName }) => [tagId, tagName]));
  const regions = (await loaders.regionsOfImage.load(id)).map((region) => ({
    regionId: region.id,
    tagName: names.get(region.tagId) ?? '',
    created: region.createdAt.toISOString(),
    tagId: region.tagId,
    ...boxOf(region),
  }));
  return { tags, regions };
}

/** Azure leaves it out when there is none. */
export async function metadataOf(
  loaders: Context['loaders'],
  { id }: Pick<Image, 'id'>,
): Promise<Pick<WireImage, 'metadata'>> {
  const pairs = await loaders.metadataOfImage.load(id);
  if (pairs.length === 0) return {};
  return { metadata: Object.fromEntries(pairs.map(({ name, value }) => [name, value])) };
}

/** As the services take it. */
export const metadataInput = (map: Record<string, string | null> | null | undefined): ImageMetadataInput[] =>
  Object.entries(map ?? {}).map(([name, value]) => ({ name, value }));

interface Edges {
  left: number;
  top: number;
  width: number;
  height: number;
}

const boxOf = ({ left, top, width, height }: Edges): Edges => ({ left, top, width, height });
