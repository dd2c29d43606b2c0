import { In, type EntityManager } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { forgetSuggestions } from '../../infra/database/stale-suggestions.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { ImageMetadata } from '../../schema/entities/image-metadata.entity.ts';
import { ImageTag } from '../../schema/entities/image-tag.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { Publication } from '../../schema/entities/publication.entity.ts';
import { Region } from '../../schema/entities/region.entity.ts';
import { ShardProgress } from '../../schema/entities/shard-progress.entity.ts';
import { Tag } from '../../schema/entities/tag.entity.ts';
import type { MissingObject, Owner } from './missing-objects.ts';

/** Rows that are asked for and taken out together. */
const batchSize = 200;

/**
 * Takes out of the target what somebody deleted from the source after its rows were copied and before its objects were. The
 * service deletes rows first, so that a row that is still there tells of an object that was lost otherwise.
 * @returns what is missing all the same
 */
export async function takeOutDeleted(
  source: Database,
  target: Database,
  missing: readonly MissingObject[],
): Promise<MissingObject[]> {
  const left: MissingObject[] = [];
  for (const owner of new Set(missing.map((object) => object.owner))) {
    const own = missing.filter((object) => object.owner === owner);
    for (let start = 0; start < own.length; start += batchSize) {
      const batch = own.slice(start, start + batchSize);
      const present = await presentIds(source, owner, batch);
      const gone = batch.map(({ ownerId }) => ownerId).filter((id) => !present.has(id));
      if (gone.length > 0) await target.transact((manager) => takeOut(manager, owner, gone));
      left.push(...batch.filter(({ ownerId }) => present.has(ownerId)));
    }
  }
  return left;
}

async function presentIds({ read }: Database, owner: Owner, objects: MissingObject[]): Promise<Set<string>> {
  const id = In(objects.map(({ ownerId }) => ownerId));
  const rows = await read.manager.find<{ id: string }>(owner, { where: { id }, select: { id: true } });
  return new Set(rows.map((row) => row.id));
}

async function takeOut(manager: EntityManager, owner: Owner, ids: string[]): Promise<void> {
  if (owner === Image) return takeOutImages(manager, ids);
  if (owner === Iteration) await takeOutOfIterations(manager, ids);
  await manager.delete<{ id: string }>(owner, { id: In(ids) });
}

/** What the rows of an image say is told by those of its project and tags as well. */
async function takeOutImages(manager: EntityManager, ids: string[]): Promise<void> {
  const images = await manager.find(Image, { where: { id: In(ids) }, select: { id: true, projectId: true } });
  for (const table of [Region, ImageTag, ImageMetadata])
    await manager.delete<{ imageId: string }>(table, { imageId: In(ids) });
  await forgetSuggestions(manager, { imageId: In(ids) });
  await manager.delete(Image, { id: In(ids) });
  await countAgain(manager, [...new Set(images.map(({ projectId }) => projectId))]);
}

async function takeOutOfIterations(manager: EntityManager, ids: string[]): Promise<void> {
  for (const table of [ShardProgress, Publication, Export])
    await manager.delete<{ iterationId: string }>(table, { iterationId: In(ids) });
  await forgetSuggestions(manager, { iterationId: In(ids) });
}

async function countAgain(manager: EntityManager, projectIds: string[]): Promise<void> {
  const count = (rows: string) => () => `(SELECT COUNT(*) FROM ${rows})`;
  await manager.update(
    Project,
    { id: In(projectIds) },
    {
      contentVersion: () => 'content_version + 1',
      imageCount: count('image WHERE project_id = project.id'),
      untaggedImageCount: count('image WHERE project_id = project.id AND is_tagged = 0'),
    },
  );
  const imageCount = count('image_tag WHERE tag_id = tag.id');
  await manager.update(Tag, { projectId: In(projectIds) }, { imageCount });
}
