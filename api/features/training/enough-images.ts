import type { EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { ClassificationType, TagType } from '../../../schema/enums.ts';
import { DomainError } from '../../errors.ts';
import { getTags } from '../tags/tag.service.ts';

/** @throws DomainError naming the tags that are short of images to train on (test images do not count) */
export async function checkEnoughImages(
  manager: EntityManager,
  { id: projectId, classificationType }: Project,
  tagIds: string[] | null,
  { minimumTags, minimumImagesPerTag }: Limits,
): Promise<void> {
  const tags = tagIds ? await getTags(manager, projectId, tagIds) : await manager.findBy(Tag, { projectId });
  const isLearned = (tag: Tag): boolean =>
    classificationType === ClassificationType.MULTICLASS || tag.type === TagType.REGULAR;
  const learned = tags.filter(isLearned);
  if (learned.length < minimumTags) {
    const message = `A training needs ${minimumTags} tags; the project has ${learned.length}.`;
    throw new DomainError('NOT_ENOUGH_IMAGES', message, { min: minimumTags, value: learned.length });
  }
  const counts = await trainingImagesOf(manager, projectId);
  const short = learned
    .map(({ id, name }) => ({ tagId: id, name, imageCount: counts.get(id) ?? 0 }))
    .filter(({ imageCount }) => imageCount < minimumImagesPerTag);
  if (short.length === 0) return;
  const list = short.map(({ name, imageCount }) => `${JSON.stringify(name)} has ${imageCount}`).join(', ');
  const message = `Every tag needs ${minimumImagesPerTag} images to train on: ${list}.`;
  throw new DomainError('NOT_ENOUGH_IMAGES', message, { min: minimumImagesPerTag, tags: short });
}

async function trainingImagesOf(manager: EntityManager, projectId: string): Promise<Map<string, number>> {
  const rows = await manager
    .createQueryBuilder(ImageTag, 'link')
    .innerJoin(Image, 'image', 'image.id = link.imageId')
    .select('link.tagId', 'tagId')
    .addSelect('COUNT(*)', 'count')
    .where('link.projectId = :projectId AND image.isTest = :isTest', { projectId, isTest: false })
    .groupBy('link.tagId')
    .getRawMany<{ tagId: string; count: number | string }>();
  return new Map(rows.map(({ tagId, count }) => [tagId, Number(count)]));
}
