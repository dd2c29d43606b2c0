import { In, type SelectQueryBuilder } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { Snapshot } from '../../../schema/contracts/training.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ImageOrder, TagMatch } from '../../../schema/enums.ts';
import { checkPageSize, countRows, decodeCursor, pageById, type Page } from '../../connection.ts';
import { notFound } from '../../errors.ts';
import { containsText, likePattern } from '../../text.ts';
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
    if (!startsFromTag(args.filter)) query.useIndex(indexFor(args.filter));
    return args.filter ? addFilter(query, args.filter) : query;
  };
  const iterationId = args.filter?.iterationId;
  if (iterationId) return pageOfSnapshot(filtered, await snapshotIds(deps, projectId, iterationId), args);
  const column = startsFromTag(args.filter) ? 'own0.imageId' : 'image.id';
  return pageById(filtered(), args, args.orderBy === ImageOrder.NEWEST ? 'DESC' : 'ASC', column);
}

/** All of the images wanted have the first tag, so its links are the list to walk. */
const startsFromTag = (filter: ImageFilterInput | null | undefined): boolean =>
  filter?.tagIds?.length === 1 || (filter?.tagMatch === TagMatch.ALL && Boolean(filter.tagIds?.length));

const indexFor = (filter: ImageFilterInput | null | undefined): string =>
  filter?.isTest == null ? 'IX_image_project_id_id' : 'IX_image_project_id_is_test_id';

/**
 * Written so that a page costs little in a project of a million images: the list is walked in its order by an index and
 * each image is looked at by its key, or it starts from the links of a tag. What the database could turn into a join
 * over everything first is therefore not written as EXISTS.
 */
function addFilter(query: Query, filter: ImageFilterInput): Query {
  const { isTagged, isTest, search } = filter;
  if (isTagged != null) {
    const link = query.subQuery().select('link.tagId').from(ImageTag, 'link').where('link.imageId = image.id').limit(1);
    query.andWhere(`${link.getQuery()} IS ${isTagged ? 'NOT ' : ''}NULL`);
  }
  const ids = [...new Set(filter.tagIds ?? [])];
  if (ids.length > 0) addTags(query, ids, startsFromTag(filter));
  if (isTest != null) query.andWhere('image.isTest = :isTest', { isTest });
  if (search) query.andWhere(containsText('image.name', 'search'), { search: likePattern(search) });
  return query;
}

/** An image has a tag once, so joining the link of each tag repeats no image. */
function addTags(query: Query, ids: string[], all: boolean): void {
  if (all) {
    ids.forEach((id, i) =>
      query.innerJoin(ImageTag, `own${i}`, `own${i}.imageId = image.id AND own${i}.tagId = :tag${i}`, {
        [`tag${i}`]: id,
      }),
    );
    return;
  }
  const own = query.subQuery().select('own.tagId').from(ImageTag, 'own').where('own.imageId = image.id');
  own.andWhere('own.tagId IN (:...tagIds)').limit(1);
  query.andWhere(`${own.getQuery()} IS NOT NULL`, { tagIds: ids });
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
    count += await countRows(filtered().andWhere({ id: In(ids.slice(at, at + lookAtOnce)) }));
  return count;
}
