import type { EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import type { Tag } from '../../../schema/entities/tag.entity.ts';
import { TagMatch } from '../../../schema/enums.ts';
import type { Direction } from '../../connection.ts';
import { containsText, likePattern } from '../../input-checks.ts';
import type { ImageFilterInput } from './image.input.ts';
import { addMetadataConditions } from './metadata-filter.ts';

type Query = SelectQueryBuilder<ObjectLiteral>;

/** An index to walk in the order of the ids: that of all images of the project, or of those of one tag. */
interface Path {
  column: string;
  candidates(): Query;
  /** Leaves out candidates that do not meet the filter. Identity when the index tells everything. */
  narrow(query: Query): Query;
  /** Whether every candidate meets the filter. */
  isExact: boolean;
  /** What looking at a candidate costs; 1 when the index itself has what the filter asks for. */
  cost: number;
}

export interface Walked {
  /** In order. */
  ids: string[];
  /** The last candidate that was looked at, when there were more than might be; null: nothing was left out. */
  stoppedAt: string | null;
}

export interface Counted {
  total: number;
  /** As of a walk: more may follow. */
  stoppedAt: string | null;
}

interface WalkOptions {
  projectId: string;
  filter: Omit<ImageFilterInput, 'tagIds' | 'iterationId'>;
  /** Null: whatever tags they have. */
  tags: readonly Tag[] | null;
  direction: Direction;
}

/** A row that has to be fetched for each candidate costs several times as much as an entry of the index. */
const rowCost = 4;
/** Most pages are full after this many candidates. */
const firstLook = 1000;

/**
 * Finds images that meet a filter by walking an index in the order of the list, so that a page costs what is looked at and
 * not what the project has. What no index tells is looked at one by one, up to a limit.
 */
export class ImageWalk {
  private readonly paths: readonly Path[];

  constructor(
    private readonly manager: EntityManager,
    private readonly options: WalkOptions,
  ) {
    const { tags, filter } = options;
    if (tags === null) this.paths = [this.pathOfProject()];
    else if (filter.isTagged === false || tags.length === 0) this.paths = [];
    else if (filter.tagMatch === TagMatch.ANY) this.paths = tags.map((tag) => this.pathOfTag(tag, []));
    else {
      const [rarest, ...others] = [...tags].sort((a, b) => a.imageCount - b.imageCount);
      this.paths = rarest ? [this.pathOfTag(rarest, others)] : [];
    }
  }

  /** The first images after a place, among so many candidates at most. */
  async after(place: string | null, { limit, candidates }: { limit: number; candidates: number }): Promise<Walked> {
    const near = await this.within(place, limit, Math.min(candidates, firstLook));
    if (near.stoppedAt === null || candidates <= firstLook) return near;
    const { ids, stoppedAt } = await this.within(near.stoppedAt, limit - near.ids.length, candidates - firstLook);
    return { ids: [...near.ids, ...ids], stoppedAt };
  }

  private async within(place: string | null, limit: number, candidates: number): Promise<Walked> {
    const stoppedAt = await this.endOf(place, candidates);
    const found = this.paths.map((path) =>
      this.between(path, path.narrow(path.candidates()), place, stoppedAt)
        .select(path.column, 'id')
        .orderBy(path.column, this.options.direction)
        .limit(limit)
        .getRawMany<{ id: string }>(),
    );
    const ids = [...new Set((await Promise.all(found)).flat().map(({ id }) => id))].sort();
    if (this.options.direction === 'DESC') ids.reverse();
    return { ids: ids.slice(0, limit), stoppedAt: ids.length < limit ? stoppedAt : null };
  }

  /** How many there are after a place among so many candidates; an image on two paths counts once. */
  async count(candidates: number, place: string | null = null): Promise<Counted> {
    const end = await this.endOf(place, candidates, true);
    const counts = this.paths.map((path) => this.between(path, path.narrow(path.candidates()), place, end));
    const [first, ...others] = counts;
    if (!first) return { total: 0, stoppedAt: null };
    if (others.length === 0) {
      const counted = await first.select('COUNT(*)', 'count').getRawOne<{ count: number | string }>();
      return { total: Number(counted?.count), stoppedAt: end };
    }
    const tagIds = this.options.tags?.map(({ id }) => id);
    const path = this.pathOfTags(tagIds ?? []);
    const query = this.between(path, path.narrow(path.candidates()), place, end);
    const counted = await query
      .select(`COUNT(DISTINCT ${path.column})`, 'count')
      .getRawOne<{ count: number | string }>();
    return { total: Number(counted?.count), stoppedAt: end };
  }

  /** Those of these images that meet the filter; for a walk that does not begin at a tag. */
  async among(ids: readonly string[]): Promise<string[]> {
    const [path] = this.paths;
    if (!path || ids.length === 0) return [];
    const query = path.narrow(path.candidates()).andWhere(`${path.column} IN (:...ids)`, { ids });
    const found = await query.select(path.column, 'id').getRawMany<{ id: string }>();
    const known = new Set(found.map(({ id }) => id));
    return ids.filter((id) => known.has(id));
  }

  /** The candidate at which the walk has to end: on several paths, where the first of them has had its share. */
  private async endOf(place: string | null, candidates: number, always = false): Promise<string | null> {
    const ends = this.paths
      .filter(({ isExact }) => always || !isExact)
      .map((path) =>
        this.between(path, path.candidates(), place, null)
          .select(path.column, 'id')
          .orderBy(path.column, this.options.direction)
          .limit(1)
          .offset(Math.max(1, Math.floor(candidates / this.paths.length / path.cost)) - 1)
          .getRawOne<{ id: string }>(),
      );
    const found = (await Promise.all(ends)).flatMap((end) => end?.id ?? []).sort();
    return (this.options.direction === 'DESC' ? found.at(-1) : found[0]) ?? null;
  }

  private between({ column }: Path, query: Query, place: string | null, end: string | null): Query {
    const isDown = this.options.direction === 'DESC';
    if (place !== null) query.andWhere(`${column} ${isDown ? '<' : '>'} :place`, { place });
    if (end !== null) query.andWhere(`${column} ${isDown ? '>=' : '<='} :end`, { end });
    return query;
  }

  private pathOfProject(): Path {
    const { projectId, filter } = this.options;
    const { isTagged, isTest } = filter;
    const index = isTagged != null ? 'is_tagged_id_is_test_name' : isTest != null ? 'is_test_id_name' : 'id_name';
    return {
      column: 'image.id',
      candidates: () => {
        const query = this.manager.createQueryBuilder(Image, 'image').useIndex(`IX_image_project_id_${index}`);
        query.where('image.projectId = :projectId', { projectId });
        if (isTagged != null) query.andWhere('image.isTagged = :isTagged', { isTagged });
        else if (isTest != null) query.andWhere('image.isTest = :isTest', { isTest });
        return query;
      },
      narrow: (query) => this.addConditions(query),
      isExact: !filter.search && !filter.metadata && (isTagged == null || isTest == null),
      cost: filter.metadata ? rowCost : 1,
    };
  }

  private pathOfTag({ id }: Tag, others: readonly Tag[]): Path {
    const path = this.pathOfTags([id]);
    return {
      ...path,
      narrow: (query) => {
        path.narrow(query);
        // Not as EXISTS, which the database may turn into a join over all images of the other tag.
        others.forEach((other, i) => {
          const link = query.subQuery().select('other.tagId').from(ImageTag, 'other');
          link.where(`other.imageId = link.imageId AND other.tagId = :other${i}`, { [`other${i}`]: other.id }).limit(1);
          query.andWhere(`${link.getQuery()} IS NOT NULL`, { [`other${i}`]: other.id });
        });
        return query;
      },
      isExact: path.isExact && others.length === 0,
      cost: path.isExact && others.length === 0 ? 1 : rowCost,
    };
  }

  private pathOfTags(tagIds: readonly string[]): Path {
    const { isTest, search, metadata } = this.options.filter;
    const isExact = isTest == null && !search && !metadata;
    return {
      column: 'link.imageId',
      candidates: () => {
        const query = this.manager.createQueryBuilder(ImageTag, 'link').useIndex('IX_image_tag_tag_id_image_id');
        return query.where('link.tagId IN (:...tagIds)', { tagIds });
      },
      narrow: (query) =>
        isExact ? query : this.addConditions(query.innerJoin(Image, 'image', 'image.id = link.imageId')),
      isExact,
      cost: isExact ? 1 : rowCost,
    };
  }

  private addConditions(query: Query): Query {
    const { isTest, search, metadata } = this.options.filter;
    if (isTest != null) query.andWhere('image.isTest = :isTest', { isTest });
    if (search) query.andWhere(containsText('image.name', 'search'), { search: likePattern(search) });
    if (metadata) addMetadataConditions(query, metadata);
    return query;
  }
}
