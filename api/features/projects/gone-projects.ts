import { setImmediate } from 'node:timers/promises';
import { In, MoreThan, type EntityManager } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { forgetSome, forgetSuggestions } from '../../../infra/database/stale-suggestions.ts';
import { ImageMetadata } from '../../../schema/entities/image-metadata.entity.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Suggestion } from '../../../schema/entities/suggestion.entity.ts';

/** Images, or predictions, that go in one transaction: SQLite holds up the whole process while it writes. */
const clearedAtOnce = 500;

/** Tables of which a project may have very many rows; what else there is in such a project goes with them. */
const largeTables = [Image, Prediction, Suggestion] as const;

/**
 * Deletes what is left of a project whose own row is gone, so that nobody sees it or adds to it any more: batch by batch,
 * between which others get their turn. After a crash, or beside somebody who does the same, it goes on with what is there.
 */
export async function clearGoneProject(database: Database, projectId: string): Promise<void> {
  for (const clearSome of [clearSuggestions, clearImages, clearPredictions])
    while ((await database.transact((manager) => clearSome(manager, projectId))) > 0) await setImmediate();
}

/** Deletes what a crash has left of projects. Returns of how many. */
export async function clearGoneProjects(database: Database): Promise<number> {
  const ids = new Set<string>();
  for (const table of largeTables) for await (const id of projectsIn(database, table)) ids.add(id);
  const known = new Set<string>();
  for (const id of ids) if (await database.read.manager.existsBy(Project, { id })) known.add(id);
  const gone = [...ids].filter((id) => !known.has(id));
  for (const id of gone) await clearGoneProject(database, id);
  return gone.length;
}

/** From one project to the next in the index, whatever number of rows each has. */
async function* projectsIn(database: Database, table: (typeof largeTables)[number]): AsyncGenerator<string> {
  for (let last = ''; ;) {
    const [next] = await database.read.manager.find<{ projectId: string }>(table, {
      where: { projectId: MoreThan(last) },
      select: { projectId: true },
      order: { projectId: 'ASC' },
      take: 1,
    });
    if (!next) return;
    yield next.projectId;
    last = next.projectId;
  }
}

const clearSuggestions = (manager: EntityManager, projectId: string): Promise<number> =>
  forgetSome(manager, { projectId });

async function clearImages(manager: EntityManager, projectId: string): Promise<number> {
  const images = await manager.find(Image, { where: { projectId }, select: { id: true }, take: clearedAtOnce });
  if (images.length === 0) return 0;
  const imageId = In(images.map(({ id }) => id));
  for (const table of [Region, ImageMetadata, ImageTag]) await manager.delete<{ imageId: string }>(table, { imageId });
  await forgetSuggestions(manager, { imageId });
  await manager.delete(Image, { id: imageId });
  return images.length;
}

async function clearPredictions(manager: EntityManager, projectId: string): Promise<number> {
  const some = await manager.find(Prediction, { where: { projectId }, select: { id: true }, take: clearedAtOnce });
  if (some.length > 0) await manager.delete(Prediction, { id: In(some.map(({ id }) => id)) });
  return some.length;
}
