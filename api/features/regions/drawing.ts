import { In, type EntityManager } from 'typeorm';
import type { Image } from '../../../schema/entities/image.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ProjectKind, TagType } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { DomainError } from '../../errors.ts';
import { attachTags, detachTags, tagsOf, type CountChange, type TagRules } from '../tags/tagging.ts';
import { checkedBox, isSameBox, type Box } from './box.ts';
import type { RegionInput } from './region.input.ts';

export { isDrawable } from './box.ts';

/** A region that may be drawn, but for what the image has already. */
export type Drawn = Box & Pick<Region, 'tagId'>;

/** Drawn one over the other, nobody could tell them apart. */
const isTwin = (a: Drawn, b: Drawn): boolean => a.tagId === b.tagId && isSameBox(a, b);

/** Rows that go into one statement together. */
const insertedAtOnce = 500;

/** Boxes checked and cut to the picture; errors name them by their place. */
export const drawnAt = (regions: readonly RegionInput[]): Drawn[] =>
  regions.map((region, index) => ({ tagId: region.tagId, ...checkedBox(`regions[${index}]`, region) }));

/** @throws DomainError when they are more than any image may have */
export function checkRegionCount({ length: value }: readonly RegionInput[], max: number): void {
  if (value <= max) return;
  const details = { reason: 'REGIONS_PER_IMAGE', field: 'regions', max, value };
  throw new DomainError(
    'LIMIT_REACHED',
    `An image may have at most ${max} regions; this one comes with ${value}.`,
    details,
  );
}

export function checkDetection({ kind, name }: Project): void {
  if (kind === ProjectKind.DETECTION) return;
  const message = `regions are for DETECTION projects; project ${JSON.stringify(name)} is for ${kind}.`;
  throw new DomainError('NOT_SUPPORTED', message, { field: 'regions', kind });
}

/** @throws DomainError for the negative tag, which says that there is nothing to draw */
export function checkDrawable(tags: readonly Tag[]): void {
  const negative = tags.find(({ type }) => type === TagType.NEGATIVE);
  if (!negative) return;
  const message = `${JSON.stringify(negative.name)} is the negative tag: add it to an image without regions with tagImages.`;
  throw new DomainError('TAG_CONFLICT', message, { field: 'tagId', tagIds: [negative.id] });
}

/** The regions of each image, first drawn first, by image id. */
export async function regionsOf(manager: EntityManager, imageIds: readonly string[]): Promise<Map<string, Region[]>> {
  const rows = await manager.find(Region, { where: { imageId: In([...imageIds]) }, order: { id: 'ASC' } });
  const result = new Map<string, Region[]>(imageIds.map((id) => [id, []]));
  for (const row of rows) result.get(row.imageId)?.push(row);
  return result;
}

/**
 * Rows for what is drawn: those that are there already with the same tag and box, and new ones.
 * @throws DomainError as soon as the image would have too many, since each new one is compared with all before it
 */
export function placeRegions(
  image: Pick<Image, 'id' | 'projectId' | 'name'>,
  present: readonly Region[],
  drawn: readonly Drawn[],
  max: number,
): { regions: Region[]; fresh: Region[] } {
  const { id: imageId, projectId } = image;
  const all = [...present];
  const regions = drawn.map((one) => {
    const twin = all.find((region) => isTwin(region, one));
    if (twin) return twin;
    if (all.length >= max) throw tooManyRegions(image, max);
    const row = { id: newId(), imageId, projectId, ...one, createdAt: new Date() };
    all.push(row);
    return row;
  });
  return { regions, fresh: all.slice(present.length) };
}

function tooManyRegions({ id, name }: Pick<Image, 'id' | 'name'>, max: number): DomainError {
  const value = max + 1;
  const message = `An image may have at most ${max} regions; ${JSON.stringify(name)} would have at least ${value}.`;
  const details = { reason: 'REGIONS_PER_IMAGE', field: 'regions', max, value, imageIds: [id] };
  return new DomainError('LIMIT_REACHED', message, details);
}

/**
 * @param present the regions of each image before the change, by image id
 * @throws DomainError when a region would have become what another one of its image is, which is never drawn twice
 */
export function refuseTwins(present: ReadonlyMap<string, readonly Region[]>, changed: readonly Region[]): void {
  const changedById = new Map(changed.map((region) => [region.id, region]));
  for (const [index, region] of changed.entries()) {
    const own = present.get(region.imageId) ?? [];
    // Two that were equal before stay as they are.
    if (own.some(({ id, ...before }) => id === region.id && isTwin(before, region))) continue;
    const others = own.filter(({ id }) => id !== region.id).map((other) => changedById.get(other.id) ?? other);
    const twin = others.find((other) => isTwin(other, region));
    if (!twin) continue;
    const field = `regions[${index}]`;
    const message = `${field}: region ${region.id} would have the tag and box of region ${twin.id}; remove one of them.`;
    throw new DomainError('INVALID', message, { field, regionIds: [region.id, twin.id] });
  }
}

export async function insertRegions(manager: EntityManager, rows: readonly Region[]): Promise<void> {
  for (let at = 0; at < rows.length; at += insertedAtOnce)
    await manager.insert(Region, rows.slice(at, at + insertedAtOnce));
}

/** @throws DomainError naming the images that are tagged as background */
export function refuseBackground(images: readonly Image[], tags: ReadonlyMap<string, readonly Tag[]>): void {
  const isBackground = ({ id }: Image): boolean => tags.get(id)?.some(({ type }) => type === TagType.NEGATIVE) ?? false;
  const background = images.filter(isBackground);
  if (background.length === 0) return;
  const names = background.map(({ name }) => JSON.stringify(name)).join(', ');
  const message = `${names}: tagged as background by the negative tag; remove it with untagImages first.`;
  throw new DomainError('TAG_CONFLICT', message, { imageIds: background.map(({ id }) => id) });
}

/** @throws DomainError naming the images that have regions */
export async function refuseRegions(manager: EntityManager, images: readonly Image[]): Promise<void> {
  const regions = await regionsOf(
    manager,
    images.map(({ id }) => id),
  );
  const drawn = images.filter(({ id }) => regions.get(id)?.length);
  if (drawn.length === 0) return;
  const names = drawn.map(({ id, name }) => `${regions.get(id)?.length} in ${JSON.stringify(name)}`).join(', ');
  const message = `The negative tag means that an image has no regions, but there are ${names}. Remove them first.`;
  throw new DomainError('TAG_CONFLICT', message, { imageIds: drawn.map(({ id }) => id) });
}

/** Makes the regular tags of images those of their regions, after regions came, changed or went. */
export async function settleTags(
  manager: EntityManager,
  images: readonly Image[],
  rules: TagRules,
  change: CountChange,
): Promise<void> {
  const imageIds = images.map(({ id }) => id);
  const present = await tagsOf(manager, imageIds);
  const drawn = await drawnTags(manager, imageIds);
  for (const image of images) {
    const [tags, wanted] = [present.get(image.id) ?? [], drawn.get(image.id) ?? []];
    const isStale = ({ id, type }: Tag): boolean => type === TagType.REGULAR && !wanted.some((tag) => tag.id === id);
    const stale = tags.filter(isStale).map(({ id }) => id);
    if (stale.length > 0) await detachTags(manager, [image], stale, change);
    // What is stale goes first, so that an image with the most tags it may have can get another one for it.
    const kept = tags.filter((tag) => !isStale(tag));
    const left = { ...image, isTagged: kept.length > 0 };
    await attachTags(manager, left, { present: kept, added: wanted }, rules, change);
  }
}

/** The tags of the regions of each image, by image id. */
async function drawnTags(manager: EntityManager, imageIds: readonly string[]): Promise<Map<string, Tag[]>> {
  const pairs = await manager
    .createQueryBuilder(Region, 'region')
    .select('region.imageId', 'imageId')
    .addSelect('region.tagId', 'tagId')
    .distinct(true)
    .where({ imageId: In([...imageIds]) })
    .getRawMany<{ imageId: string; tagId: string }>();
  const tags = await manager.findBy(Tag, { id: In([...new Set(pairs.map(({ tagId }) => tagId))]) });
  const tagsOfImage = (id: string): Tag[] =>
    tags.filter((tag) => pairs.some(({ imageId, tagId }) => imageId === id && tagId === tag.id));
  return new Map(imageIds.map((id) => [id, tagsOfImage(id)]));
}
