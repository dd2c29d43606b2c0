import type { EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { ClassificationType, ProjectKind, TagType } from '../../../schema/enums.ts';
import { DomainError } from '../../errors.ts';
import { getTags } from '../tags/tag.service.ts';

/** @throws DomainError naming the tags that are short of images to train on (test images do not count) */
export async function checkEnoughImages(
  manager: EntityManager,
  { id: projectId, kind, classificationType }: Project,
  tagIds: string[] | null,
  limits: Limits,
): Promise<void> {
  const { minimumTags, minimumImagesPerTag } = minimumsFor(kind, limits);
  const tags = tagIds ? await getTags(manager, projectId, tagIds) : await manager.findBy(Tag, { projectId });
  const isLearned = (tag: Tag): boolean =>
    classificationType === ClassificationType.MULTICLASS || tag.type === TagType.REGULAR;
  const learned = tags.filter(isLearned);
  if (learned.length < minimumTags) {
    const message = `The training would have ${learned.length} tags; it needs at least ${minimumTags}.`;
    throw new DomainError('NOT_ENOUGH_IMAGES', message, {
      kind: classificationType ?? kind,
      min: minimumTags,
      value: learned.length,
    });
  }
  const counts = await trainingImagesOf(manager, projectId);
  const short = learned
    .map(({ id, name }) => ({ tagId: id, name, imageCount: counts.get(id) ?? 0 }))
    .filter(({ imageCount }) => imageCount < minimumImagesPerTag);
  if (short.length === 0) return;
  const list = short.map(({ name, imageCount }) => `${JSON.stringify(name)} has ${imageCount}`).join(', ');
  const message = `Every tag needs at least ${minimumImagesPerTag} images to train on: ${list}.`;
  throw new DomainError('NOT_ENOUGH_IMAGES', message, {
    kind: classificationType ?? kind,
    min: minimumImagesPerTag,
    tags: short,
  });
}

/** A detector tells its only tag from the rest of the picture, and learns from fewer than fifteen images, as measured. */
function minimumsFor(kind: ProjectKind, limits: Limits): Pick<Limits, 'minimumTags' | 'minimumImagesPerTag'> {
  if (kind === ProjectKind.CLASSIFICATION) return limits;
  return { minimumTags: 1, minimumImagesPerTag: limits.minimumImagesPerDetectedTag };
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
