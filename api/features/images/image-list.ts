import { In, type SelectQueryBuilder } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { Snapshot } from '../../../schema/contracts/training.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ImageOrder, TagMatch } from '../../../schema/enums.ts';
import { checkPageSize, decodeCursor, pageById, type Page } from '../../connection.ts';
import { notFound } from '../../errors.ts';
import type { ImageFilterInput, ImageListArgs } from './image.input.ts';

interface ListDeps {
  database: Database;
  storage: Storage;
}

type Query = SelectQueryBuilder<Image>;

/** A page of the images of a project that meet the filter. */
export async function listImages(deps: ListDeps, projectId: string, args: ImageListArgs): Promise<Page<Image>> {
  const filtered = (): Query => {
    const query = deps.database.read.getRepository(Image).createQueryBuilder('image').where({ projectId });
    return args.filter ? addFilter(query, args.filter) : query;
  };
  const iterationId = args.filter?.iterationId;
  if (iterationId) return pageOfSnapshot(filtered, await snapshotIds(deps, projectId, iterationId), args);
  return pageById(filtered(), args, args.orderBy === ImageOrder.NEWEST ? 'DESC' : 'ASC');
}

function addFilter(query: Query, { isTagged, tagIds, tagMatch, isTest, search }: ImageFilterInput): Query {
  const links = query.subQuery().select('1').from(ImageTag, 'link').where('link.imageId = image.id');
  if (isTagged != null) query.andWhere(`${isTagged ? '' : 'NOT '}EXISTS ${links.getQuery()}`);
  const ids = [...new Set(tagIds ?? [])];
  if (ids.length > 0) {
    const counted = query.subQuery().select('COUNT(*)').from(ImageTag, 'own').where('own.imageId = image.id');
    counted.andWhere('own.tagId IN (:...tagIds)');
    const least = tagMatch === TagMatch.ALL ? ids.length : 1;
    query.andWhere(`${counted.getQuery()} >= :least`, { tagIds: ids, least });
  }
  if (isTest != null) query.andWhere('image.isTest = :isTest', { isTest });
  if (search) query.andWhere('LOWER(image.name) LIKE :search', { search: `%${search.toLowerCase()}%` });
  return query;
}

/** Ids of the images that a training saw, in ascending order. */
async function snapshotIds({ database, storage }: ListDeps, projectId: string, iterationId: string): Promise<string[]> {
  if (!(await database.read.manager.existsBy(Iteration, { id: iterationId, projectId })))
    throw notFound('iteration of this project', iterationId);
  try {
    const snapshot = JSON.parse((await storage.get(keys.snapshot(iterationId))).toString()) as Snapshot;
    return snapshot.images.map(({ id }) => id);
  } catch (error) {
    if (error instanceof ObjectNotFound) return [];
    throw error;
  }
}

const lookAtOnce = 500;

/** Walks the ids of the snapshot, since a query with all of them would be too long for a database. */
async function pageOfSnapshot(filtered: () => Query, ids: string[], args: ImageListArgs): Promise<Page<Image>> {
  const size = checkPageSize(args.first);
  const ordered = args.orderBy === ImageOrder.NEWEST ? ids.toReversed() : ids;
  const after = args.after ? decodeCursor(args.after, /^[0-9a-f-]{36}$/) : null;
  const rows: Image[] = [];
  for (let at = after === null ? 0 : ordered.indexOf(after) + 1; at < ordered.length && rows.length <= size;) {
    const chunk = ordered.slice(at, (at += lookAtOnce));
    const found = await filtered()
      .andWhere({ id: In(chunk) })
      .getMany();
    const byId = new Map(found.map((image) => [image.id, image]));
    rows.push(...chunk.flatMap((id) => byId.get(id) ?? []));
  }
  return {
    nodes: rows.slice(0, size),
    cursorOf: (image) => image.id,
    hasNextPage: rows.length > size,
    hasPreviousPage: after !== null,
    count: () => countOf(filtered, ids),
  };
}

async function countOf(filtered: () => Query, ids: string[]): Promise<number> {
  let count = 0;
  for (let at = 0; at < ids.length; at += lookAtOnce)
    count += await filtered()
      .andWhere({ id: In(ids.slice(at, at + lookAtOnce)) })
      .getCount();
  return count;
}
