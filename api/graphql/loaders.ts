import DataLoader from 'dataloader';
import { In, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import type { ImageMetadata } from '../../schema/entities/image-metadata.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { ProjectImport } from '../../schema/entities/project-import.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { Publication } from '../../schema/entities/publication.entity.ts';
import { Region } from '../../schema/entities/region.entity.ts';
import { Tag } from '../../schema/entities/tag.entity.ts';
import { metadataOf } from '../features/images/metadata.ts';
import { tagsOf } from '../features/tags/tagging.ts';

/** Relations of one request: whatever is asked of many rows is one statement. */
export type Loaders = ReturnType<typeof createLoaders>;

export function createLoaders(database: Database) {
  return {
    image: byId(database, Image),
    iteration: byId(database, Iteration),
    region: byId(database, Region),
    tag: byId(database, Tag),
    tagsOfImage: new DataLoader<string, Tag[]>(async (ids) => {
      const tags = await tagsOf(database.read.manager, ids);
      return ids.map((id) => tags.get(id) ?? []);
    }),
    metadataOfImage: new DataLoader<string, ImageMetadata[]>(async (ids) => {
      const pairs = await metadataOf(database.read.manager, ids);
      return ids.map((id) => pairs.get(id) ?? []);
    }),
    regionsOfImage: childrenOf(database, Region, 'imageId'),
    importOfProject: new DataLoader<string, ProjectImport | null>(async (ids) => {
      const rows = await database.read.manager.findBy(ProjectImport, { projectId: In([...ids]) });
      return ids.map((id) => rows.find(({ projectId }) => projectId === id) ?? null);
    }),
    firstImageOfProject: new DataLoader<string, string | null>((ids) => firstImages(database, ids)),
    tagsOfProject: childrenOf(database, Tag, 'projectId'),
    publicationsOfProject: childrenOf(database, Publication, 'projectId'),
    exportsOfIteration: childrenOf(database, Export, 'iterationId'),
    publicationsOfIteration: childrenOf(database, Publication, 'iterationId'),
  };
}

/** From now on what was loaded is loaded again: something may have changed it. */
export function forgetLoaded(loaders: Loaders): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}

/** Rows by id; null for one that is gone. */
function byId<T extends ObjectLiteral & { id: string }>(database: Database, entity: EntityTarget<T>) {
  return new DataLoader<string, T | null>(async (ids) => {
    const query = database.read.getRepository(entity).createQueryBuilder('row');
    const rows = await query.where({ id: In([...ids]) }).getMany();
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

/** The rows that name a parent in a column, oldest first. */
function childrenOf<T extends ObjectLiteral & { id: string }>(
  database: Database,
  entity: EntityTarget<T>,
  column: keyof T & string,
) {
  return new DataLoader<string, T[]>(async (parentIds) => {
    const query = database.read.getRepository(entity).createQueryBuilder('row');
    const rows = await query
      .where({ [column]: In([...parentIds]) })
      .orderBy('row.id', 'ASC')
      .getMany();
    const groups = new Map<string, T[]>(parentIds.map((id) => [id, []]));
    for (const row of rows) groups.get(row[column])?.push(row);
    return parentIds.map((id) => groups.get(id) ?? []);
  });
}

/** The id of the oldest image of each project, or null: a look into the index for each, however many images there are. */
async function firstImages(database: Database, projectIds: readonly string[]): Promise<(string | null)[]> {
  const query = database.read.getRepository(Project).createQueryBuilder('project');
  const oldest = query.subQuery().select('image.id').from(Image, 'image');
  oldest.where('image.projectId = project.id').orderBy('image.id', 'ASC').limit(1);
  const rows = await query
    .select('project.id', 'projectId')
    .addSelect(oldest.getQuery(), 'imageId')
    .where({ id: In([...projectIds]) })
    .getRawMany<{ projectId: string; imageId: string | null }>();
  const found = new Map(rows.map(({ projectId, imageId }) => [projectId, imageId]));
  return projectIds.map((id) => found.get(id) ?? null);
}
