import { In, type EntityManager } from 'typeorm';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ClassificationType, TagType } from '../../../schema/enums.ts';
import { DomainError } from '../../errors.ts';

/** The rules of which tags may stand together on an image of the project. */
export interface TagRules {
  classificationType: ClassificationType | null;
  tagsPerImage: number;
}

/** @throws DomainError naming the tags when they may not stand on one image */
export function checkTogether(tags: readonly Tag[], { classificationType, tagsPerImage }: TagRules): void {
  const names = tags.map(({ name }) => JSON.stringify(name)).join(', ');
  const details = { tagIds: tags.map(({ id }) => id) };
  if (tags.length > tagsPerImage) {
    const message = `An image may have ${tagsPerImage} tags; this would be ${tags.length}.`;
    throw new DomainError('LIMIT_REACHED', message, { max: tagsPerImage, value: tags.length });
  }
  if (classificationType === ClassificationType.MULTICLASS && tags.length > 1) {
    const message = `An image of a MULTICLASS project has one tag; this would be ${names}. Take the other tag off first.`;
    throw new DomainError('TAG_CONFLICT', message, details);
  }
  if (tags.length > 1 && tags.some(({ type }) => type === TagType.NEGATIVE))
    throw new DomainError(
      'TAG_CONFLICT',
      `The negative tag stands alone on an image; this would be ${names}.`,
      details,
    );
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

/** Puts tags on an image that has others already; those it has are passed over. Returns how many were new. */
export async function attachTags(
  manager: EntityManager,
  image: { id: string; projectId: string },
  { present, added }: { present: readonly Tag[]; added: readonly Tag[] },
  rules: TagRules,
): Promise<number> {
  const fresh = added.filter(({ id }) => !present.some((tag) => tag.id === id));
  if (fresh.length === 0) return 0;
  checkTogether([...present, ...fresh], rules);
  const createdAt = new Date();
  const { id: imageId, projectId } = image;
  await manager.insert(
    ImageTag,
    fresh.map(({ id: tagId }) => ({ imageId, tagId, projectId, createdAt })),
  );
  return fresh.length;
}

export async function markChanged(manager: EntityManager, projectId: string): Promise<void> {
  await manager.increment(Project, { id: projectId }, 'contentVersion', 1);
}
