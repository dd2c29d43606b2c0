import { In, type EntityManager } from 'typeorm';
import { CopyRefused, type CopiedImage } from '../../infra/project-copies/contents.ts';
import { ImageTag } from '../../schema/entities/image-tag.entity.ts';
import { ImageMetadata } from '../../schema/entities/image-metadata.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { Region } from '../../schema/entities/region.entity.ts';
import { Tag } from '../../schema/entities/tag.entity.ts';
import { newId } from '../../schema/id.ts';

/** SQLite takes 32,766 values in a statement. */
const rowsAtOnce = 1000;

/** An image whose object is stored, with what it is a copy of. */
export interface Copy {
  image: Image;
  copied: CopiedImage;
}

/**
 * Makes the rows of images with their tags and regions, and keeps the counts, under the lock of the project. An image that was
 * uploaded to the project meanwhile stays as its user made it.
 * @param tagIds by the ids that the copied images name; a tag made or deleted meanwhile is passed over
 * @throws CopyRefused when the project would have more than `imagesPerProject`: the source may have more than it said, and
 * users may upload to the project meanwhile
 */
export async function insertCopies(
  manager: EntityManager,
  { id: projectId, imageCount }: Project,
  copies: readonly Copy[],
  { tagIds, imagesPerProject }: { tagIds: Readonly<Record<string, string>>; imagesPerProject: number },
): Promise<number> {
  const sha256 = In(copies.map(({ image }) => image.sha256));
  const present = new Set((await manager.findBy(Image, { projectId, sha256 })).map((image) => image.sha256));
  const fresh = copies.filter(({ image }) => !present.has(image.sha256));
  refuseOverfull(imageCount + fresh.length, imagesPerProject);
  const known = new Set((await manager.findBy(Tag, { projectId })).map(({ id }) => id));
  const tagOf = (id: string): string[] => [tagIds[id]].filter((tag) => tag !== undefined && known.has(tag)) as string[];
  const links = fresh.flatMap((copy) => linksOf(copy, tagOf));
  const tagged = new Set(links.map(({ imageId }) => imageId));
  const images = fresh.map(({ image }) => ({ ...image, isTagged: tagged.has(image.id) }));
  await manager.insert(Image, images);
  await manager.insert(ImageTag, links);
  const regions = fresh.flatMap((copy) => regionsOf(copy, tagOf));
  for (let start = 0; start < regions.length; start += rowsAtOnce)
    await manager.insert(Region, regions.slice(start, start + rowsAtOnce));
  const metadata = fresh.flatMap(metadataOf);
  for (let start = 0; start < metadata.length; start += rowsAtOnce)
    await manager.insert(ImageMetadata, metadata.slice(start, start + rowsAtOnce));
  await count(manager, projectId, images, links);
  return copies.length;
}

function refuseOverfull(count: number, max: number): void {
  if (count > max)
    throw new CopyRefused(`The project would have ${count} images; a project on this server may have at most ${max}.`);
}

type TagOf = (sourceId: string) => string[];

function linksOf({ image, copied }: Copy, tagOf: TagOf): ImageTag[] {
  const { id: imageId, projectId, createdAt } = image;
  return [...new Set(copied.tagIds.flatMap(tagOf))].map((tagId) => ({ imageId, tagId, projectId, createdAt }));
}

function regionsOf({ image, copied }: Copy, tagOf: TagOf): Region[] {
  const { id: imageId, projectId, createdAt } = image;
  return copied.regions.flatMap(({ tagId: sourceId, ...box }) =>
    tagOf(sourceId).map((tagId) => ({ id: newId(), imageId, projectId, tagId, ...box, createdAt })),
  );
}

function metadataOf({ image: { id: imageId, projectId }, copied }: Copy): ImageMetadata[] {
  return Object.entries(copied.metadata).map(([name, value]) => ({ imageId, projectId, name, value }));
}

async function count(
  manager: EntityManager,
  projectId: string,
  images: readonly Image[],
  links: readonly ImageTag[],
): Promise<void> {
  const untagged = images.filter(({ isTagged }) => !isTagged).length;
  await manager.increment(Project, { id: projectId }, 'contentVersion', 1);
  await manager.increment(Project, { id: projectId }, 'imageCount', images.length);
  await manager.increment(Project, { id: projectId }, 'untaggedImageCount', untagged);
  for (const id of new Set(links.map(({ tagId }) => tagId)))
    await manager.increment(Tag, { id }, 'imageCount', links.filter(({ tagId }) => tagId === id).length);
}
