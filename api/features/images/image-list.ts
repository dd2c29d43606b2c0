import { setImmediate } from 'node:timers/promises';
import { In, MoreThan, type EntityManager } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import type { IdList } from '../../../infra/storage/id-list.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ImageOrder, TagMatch } from '../../../schema/enums.ts';
import { checkPageSize, countedAtMost, decodeCursor, type Page } from '../../connection.ts';
import { checkCount } from '../../input-checks.ts';
import { lookedAtForPage, maxTagIds, type ImageListArgs } from './image.input.ts';
import { checkMetadataFilter } from './metadata-filter.ts';
import { ImageWalk, type Counted, type Walked } from './image-walk.ts';
import type { SnapshotImages } from './snapshot-images.ts';

/** Of a list, or of a count, which has no pages. */
type Asked = Pick<ImageListArgs, 'filter' | 'orderBy'>;

interface ListDeps {
  database: Database;
  snapshots: SnapshotImages;
}

/** A page of the images of a project that meet the filter. */
export async function listImages(deps: ListDeps, project: Project, args: ImageListArgs): Promise<Page<Image>> {
  const size = checkPageSize(args.first);
  const after = args.after ? decodeCursor(args.after, /^[0-9a-f-]{36}$/) : null;
  const { walk, tags } = await walkOf(deps, project, args);
  const { ids, stoppedAt } = await walk.after(after, { limit: size + 1, candidates: lookedAtForPage });
  return {
    nodes: await inOrder(deps.database, ids.slice(0, size)),
    cursorOf: (image) => image.id,
    hasNextPage: ids.length > size || stoppedAt !== null,
    hasPreviousPage: after !== null,
    ...(stoppedAt === null ? {} : { stoppedAt }),
    count: async () => {
      const known = knownCount(project, args, tags);
      if (known !== null) return { total: known, isExact: true };
      const { total, stoppedAt } = await walk.count(countedAtMost, null);
      return { total, isExact: stoppedAt === null };
    },
  };
}

/** How many images of a project meet the filter, however many have to be looked at: others get their turn meanwhile. */
export async function countImages(deps: ListDeps, project: Project, args: Asked): Promise<number> {
  const { walk, tags } = await walkOf(deps, project, args);
  const known = knownCount(project, args, tags);
  if (known !== null) return known;
  let sum = 0;
  for (let place: string | null = null; ; await setImmediate()) {
    const { total, stoppedAt } = await walk.count(lookedAtForPage, place);
    sum += total;
    if (stoppedAt === null) return sum;
    place = stoppedAt;
  }
}

/** The walk that a list or a count takes, and the tags that it asks for. */
async function walkOf(
  deps: ListDeps,
  project: Project,
  args: Asked,
): Promise<{ walk: Pick<ImageWalk, 'after' | 'count'>; tags: Tag[] | null }> {
  const { manager } = deps.database.read;
  const filter = args.filter ?? { tagMatch: TagMatch.ANY };
  if (filter.metadata) checkMetadataFilter(filter.metadata);
  const tags = await wantedTags(deps, project.id, args);
  const isDown = args.orderBy === ImageOrder.NEWEST;
  const walk = new ImageWalk(manager, { projectId: project.id, filter, tags, direction: isDown ? 'DESC' : 'ASC' });
  if (!filter.iterationId) return { walk, tags };
  const snapshot = await deps.snapshots.of(project.id, filter.iterationId);
  return { walk: new SnapshotWalk(walk, snapshot, tags !== null, isDown), tags };
}

/** The tags of the filter; null when it names none. One of another project is on no image of this one. */
async function wantedTags({ database }: ListDeps, projectId: string, { filter }: Asked): Promise<Tag[] | null> {
  const ids = [...new Set(filter?.tagIds ?? [])];
  if (ids.length === 0) return null;
  checkCount('tagIds', ids, maxTagIds);
  const tags = await database.read.manager.findBy(Tag, { projectId, id: In(ids) });
  return filter?.tagMatch === TagMatch.ALL && tags.length < ids.length ? [] : tags;
}

async function inOrder(database: Database, ids: string[]): Promise<Image[]> {
  const found = await database.read.manager.findBy(Image, { id: In(ids) });
  const byId = new Map(found.map((image) => [image.id, image]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** What the counts that are kept already say. */
function knownCount(project: Project, { filter }: Asked, tags: readonly Tag[] | null): number | null {
  const { isTagged = null, isTest = null, search, metadata, iterationId } = filter ?? {};
  if (isTest !== null || search || metadata || iterationId) return null;
  const [tag, ...others] = tags ?? [];
  if (tag) return others.length === 0 && isTagged !== false ? tag.imageCount : null;
  if (tags) return 0;
  const { imageCount, untaggedImageCount } = project;
  if (isTagged === null) return imageCount;
  return isTagged ? imageCount - untaggedImageCount : untaggedImageCount;
}

/** Page size for reading ids alone; one statement returns a page within milliseconds. */
const idsAtOnce = 1000;

/** Ids of all images of a project, read in pages between which others get their turn. */
export async function idsOf(manager: EntityManager, projectId: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let last = ''; ; await setImmediate()) {
    const where = { projectId, id: MoreThan(last) };
    const page = await manager.find(Image, { where, select: { id: true }, order: { id: 'ASC' }, take: idsAtOnce });
    for (const { id } of page) ids.add(id);
    const end = page.at(-1);
    if (!end) return ids;
    last = end.id;
  }
}

/** Meets a walk with the images of a training: starts from the tags, which are fewer, or else from the snapshot. */
class SnapshotWalk {
  constructor(
    private readonly walk: ImageWalk,
    private readonly snapshot: IdList,
    private readonly startsFromTags: boolean,
    private readonly isDown: boolean,
  ) {}

  async after(place: string | null, { limit, candidates }: { limit: number; candidates: number }): Promise<Walked> {
    const ids: string[] = [];
    let at = place;
    let size = Math.min(limit, idsAtOnce);
    for (let looked = 0; looked < candidates; looked += size, size = Math.min(4 * size, idsAtOnce)) {
      const { ids: some, stoppedAt } = await this.next(at, size);
      ids.push(...some);
      if (ids.length >= limit) return { ids: ids.slice(0, limit), stoppedAt: null };
      if (stoppedAt === null) return { ids, stoppedAt: null };
      at = stoppedAt;
    }
    return { ids, stoppedAt: at };
  }

  async count(candidates: number, place: string | null): Promise<Counted> {
    const { ids, stoppedAt } = await this.after(place, { limit: Infinity, candidates });
    return { total: ids.length, stoppedAt };
  }

  private async next(place: string | null, size: number): Promise<Walked> {
    if (!this.startsFromTags) {
      const some = this.slice(place, size);
      return { ids: await this.walk.among(some), stoppedAt: some.length < size ? null : (some.at(-1) ?? null) };
    }
    const { ids, stoppedAt } = await this.walk.after(place, { limit: size, candidates: lookedAtForPage });
    const end = ids.length < size ? stoppedAt : (ids.at(-1) ?? null);
    return { ids: ids.filter((id) => this.snapshot.has(id)), stoppedAt: end };
  }

  private slice(place: string | null, size: number): string[] {
    const { snapshot } = this;
    if (!this.isDown) {
      const from = place === null ? 0 : snapshot.countBelow(place) + (snapshot.has(place) ? 1 : 0);
      return snapshot.slice(from, from + size);
    }
    const to = place === null ? snapshot.length : snapshot.countBelow(place);
    return snapshot.slice(Math.max(0, to - size), to).reverse();
  }
}
