import { In, type EntityManager } from 'typeorm';
import { forgetSuggestions } from '../../../infra/database/stale-suggestions.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import type { Limits } from '../../../infra/config.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ClassificationType, ProjectKind, TagType } from '../../../schema/enums.ts';
import { DomainError } from '../../errors.ts';
import { withinLimit } from '../../within-limit.ts';

/** The rules of which tags may stand together on an image of the project. */
export interface TagRules {
  classificationType: ClassificationType | null;
  tagsPerImage: number;
}

export const tagRules = ({ classificationType }: Project, { tagsPerImage }: Limits): TagRules => ({
  classificationType,
  tagsPerImage,
});

/** In detection a regular tag comes and goes with its regions; what is put on an image itself is the negative tag. */
export function checkImageTags({ kind }: Project, tags: readonly Tag[]): void {
  const regular = kind === ProjectKind.DETECTION ? tags.filter(({ type }) => type === TagType.REGULAR) : [];
  if (regular.length === 0) return;
  const names = regular.map(({ name }) => JSON.stringify(name)).join(', ');
  const message = `tagIds: in a DETECTION project only the negative tag is added to an image itself; draw regions for ${names}.`;
  const details = { field: 'tagIds', reason: 'TAG_BY_REGION', tagIds: regular.map(({ id }) => id) };
  throw new DomainError('NOT_SUPPORTED', message, details);
}

/** @throws DomainError naming the tags when they may not stand on one image */
export function checkTogether(tags: readonly Tag[], { classificationType, tagsPerImage }: TagRules): void {
  const names = tags.map(({ name }) => JSON.stringify(name)).join(', ');
  const details = { tagIds: tags.map(({ id }) => id) };
  if (tags.length > tagsPerImage) {
    const message = `An image may have at most ${tagsPerImage} tags; this one would have ${tags.length}.`;
    throw new DomainError('LIMIT_REACHED', message, {
      reason: 'TAGS_PER_IMAGE',
      max: tagsPerImage,
      value: tags.length,
    });
  }
  if (tags.length > 1 && tags.some(({ type }) => type === TagType.NEGATIVE))
    throw new DomainError(
      'TAG_CONFLICT',
      `The negative tag excludes all other tags; the image would have ${names}.`,
      details,
    );
  if (classificationType === ClassificationType.MULTICLASS && tags.length > 1) {
    const message = `An image of a MULTICLASS project may have only one tag; this one would have ${names}. Remove the other tag first.`;
    throw new DomainError('TAG_CONFLICT', message, { ...details, reason: 'ONE_TAG_PER_IMAGE' });
  }
}

/** The tags on each image, by image id. */
export async function tagsOf(manager: EntityManager, imageIds: readonly string[]): Promise<Map<string, Tag[]>> {
  const links = await manager.find(ImageTag, { where: { imageId: In([...imageIds]) }, order: { tagId: 'ASC' } });
  const tags = await manager.findBy(Tag, { id: In([...new Set(links.map(({ tagId }) => tagId))]) });
  const byId = new Map(tags.map((tag) => [tag.id, tag]));
  const result = new Map<string, Tag[]>(imageIds.map((id) => [id, []]));
  for (const { imageId, tagId } of links) {
    const tag = byId.get(tagId);
    if (tag) result.get(imageId)?.push(tag);
  }
  return result;
}

/** What a change did to the counts that are kept beside the rows. */
export interface CountChange {
  images: number;
  untagged: number;
  /** By tag id. */
  tags: Map<string, number>;
}

export const noChange = (): CountChange => ({ images: 0, untagged: 0, tags: new Map() });

export function countTag({ tags }: CountChange, tagId: string, step: 1 | -1): void {
  tags.set(tagId, (tags.get(tagId) ?? 0) + step);
}

/** Puts tags on an image that has others already; those it has are passed over. */
export async function attachTags(
  manager: EntityManager,
  image: Pick<Image, 'id' | 'projectId' | 'isTagged'>,
  { present, added }: { present: readonly Tag[]; added: readonly Tag[] },
  rules: TagRules,
  change: CountChange,
): Promise<void> {
  const fresh = added.filter(({ id }) => !present.some((tag) => tag.id === id));
  if (fresh.length === 0) return;
  checkTogether([...present, ...fresh], rules);
  const createdAt = new Date();
  const { id: imageId, projectId } = image;
  await manager.insert(
    ImageTag,
    fresh.map(({ id: tagId }) => ({ imageId, tagId, projectId, createdAt })),
  );
  if (!image.isTagged) {
    await manager.update(Image, { id: imageId }, { isTagged: true });
    await forgetSuggestions(manager, { imageId });
  }
  if (present.length === 0) change.untagged--;
  for (const { id } of fresh) countTag(change, id, 1);
}

/** What became of a tag on an image. */
export type TagOutcome = 'created' | 'duplicated' | 'exceeded';

/** Puts a tag on an image where it may be, and among those that the image has. */
export async function attachTag(
  manager: EntityManager,
  image: Image,
  { present, tag }: { present: Tag[]; tag: Tag },
  rules: TagRules,
  change: CountChange,
): Promise<TagOutcome> {
  if (present.some(({ id }) => id === tag.id)) return 'duplicated';
  const tagged = { ...image, isTagged: present.length > 0 };
  const attached = await withinLimit(() => attachTags(manager, tagged, { present, added: [tag] }, rules, change));
  if (attached === null) return 'exceeded';
  present.push(tag);
  return 'created';
}

/** Takes tags off images. */
export async function detachTags(
  manager: EntityManager,
  images: readonly Image[],
  tagIds: readonly string[],
  change: CountChange,
): Promise<void> {
  const imageIds = images.map(({ id }) => id);
  const links = await manager.findBy(ImageTag, { imageId: In(imageIds), tagId: In([...tagIds]) });
  await manager.delete(ImageTag, { imageId: In(imageIds), tagId: In([...tagIds]) });
  for (const { tagId } of links) countTag(change, tagId, -1);
  const left = await tagsOf(manager, imageIds);
  const bare = images.filter(({ id, isTagged }) => isTagged && left.get(id)?.length === 0).map(({ id }) => id);
  await manager.update(Image, { id: In(bare) }, { isTagged: false });
  change.untagged += bare.length;
}

/** Takes a tag off all its images, which may be very many. */
export async function detachEverywhere(manager: EntityManager, tagId: string, change: CountChange): Promise<void> {
  const own = 'SELECT link.image_id FROM image_tag link WHERE link.tag_id = :tagId';
  const other = 'SELECT 1 FROM image_tag other WHERE other.image_id = image.id AND other.tag_id <> :tagId';
  const bared = await manager
    .createQueryBuilder()
    .update(Image)
    .set({ isTagged: false })
    .where(`id IN (${own}) AND NOT EXISTS (${other})`, { tagId })
    .execute();
  change.untagged += bared.affected ?? 0;
  await manager.delete(ImageTag, { tagId });
}

/** Says that the content of a project is another one, and keeps its counts. Under the lock of the project. */
export async function markChanged(manager: EntityManager, projectId: string, change = noChange()): Promise<void> {
  const increase = (column: string, step: number) => () => `${column} + ${step}`;
  const counts = {
    contentVersion: increase('content_version', 1),
    imageCount: increase('image_count', change.images),
    untaggedImageCount: increase('untagged_image_count', change.untagged),
  };
  await manager.update(Project, { id: projectId }, counts);
  for (const [id, step] of change.tags)
    await manager.update(Tag, { id }, { imageCount: increase('image_count', step) });
}
