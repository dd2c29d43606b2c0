import { ArgsType, Field, Int, ObjectType, type ClassType } from 'type-graphql';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { DomainError } from './errors.ts';

@ObjectType({ description: 'Position of a page within its list.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more follows.' })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: 'Whether the page starts after a cursor.' })
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first item; null on an empty page.' })
  startCursor: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Pass it as `after` to get the next page; null when this page is empty and nothing follows it.',
  })
  endCursor: string | null;
}

const maxPageSize = 200;

@ArgsType()
export class PageArgs {
  @Field(() => Int, { defaultValue: 50, description: `Items per page, 1 to ${maxPageSize}.` })
  first: number;

  @Field(() => String, { nullable: true, description: 'The `endCursor` of the previous page.' })
  after?: string | null;
}

/** A page of a list, as the connection types show it. */
export interface Page<T> {
  nodes: T[];
  cursorOf: (node: T) => string;
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** Where looking ended early, to go on from there; a page may be short or empty then. */
  stoppedAt?: string;
  count: () => Promise<Count>;
}

/** At least so many, or exactly. */
export interface Count {
  total: number;
  isExact: boolean;
}

/** Counting looks at this many rows; for more, the count is a least one. */
export const countedAtMost = 100_000;

const encodeCursor = (text: string): string => Buffer.from(text).toString('base64url');

/** Where the next page begins; null for the last one. */
export function nextCursor<T>({ nodes, cursorOf, hasNextPage, stoppedAt }: Page<T>): string | null {
  const last = nodes.at(-1);
  const place = stoppedAt ?? (last && cursorOf(last));
  return hasNextPage && place !== undefined ? encodeCursor(place) : null;
}

/** Where one goes on after this item of a page. */
export const cursorAfter = <T>({ cursorOf }: Page<T>, item: T): string => encodeCursor(cursorOf(item));

/** The text in a cursor. @throws DomainError for one that this list did not make */
export function decodeCursor(after: string, pattern: RegExp): string {
  const text = Buffer.from(after, 'base64url').toString();
  if (pattern.test(text)) return text;
  throw foreignCursor();
}

const foreignCursor = (): DomainError =>
  new DomainError('INVALID', 'after is not a cursor of this list.', { field: 'after' });

const numberCursor = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)? [0-9a-f-]{36}$/;

/** Where a list ordered by a number stands. @throws DomainError for a place that no row can have */
function decodeNumberCursor(after: string): { afterNumber: number; afterId: string | undefined } {
  const [number, afterId] = decodeCursor(after, numberCursor).split(' ');
  const afterNumber = Number(number);
  // A database takes no parameter that is infinite.
  if (!Number.isFinite(afterNumber)) throw foreignCursor();
  return { afterNumber, afterId };
}

export function checkPageSize(first: number): number {
  if (first >= 1 && first <= maxPageSize) return first;
  const message = `first must be 1 to ${maxPageSize}; it is ${first}.`;
  throw new DomainError('INVALID', message, { field: 'first', min: 1, max: maxPageSize, value: first });
}

/** The connection and edge classes of a type, in Relay's form with `nodes` beside `edges`. */
export function connectionOf<T extends object>(node: ClassType<T>, name: string) {
  @ObjectType(`${name}Edge`, { description: `An edge: one ${name} and its cursor.` })
  class Edge {
    @Field(() => String, { description: 'Position in the list.' })
    cursor: string;

    @Field(() => node, { description: 'The item.' })
    node: T;
  }

  @ObjectType(`${name}Connection`, { description: `A page of ${name} items.` })
  class Connection {
    readonly #page: Page<T>;
    #count: Promise<Count> | undefined;

    constructor(page: Page<T>) {
      this.#page = page;
    }

    @Field(() => [Edge], { description: 'Items with their cursors.' })
    edges(): Edge[] {
      return this.#page.nodes.map((item) => ({ cursor: encodeCursor(this.#page.cursorOf(item)), node: item }));
    }

    @Field(() => [node], { description: 'Items without cursors.' })
    nodes(): T[] {
      return this.#page.nodes;
    }

    @Field(() => PageInfo, { description: 'Position of the page within the list.' })
    pageInfo(): PageInfo {
      const { hasNextPage, hasPreviousPage } = this.#page;
      const edges = this.edges();
      const [startCursor, endCursor] = [edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null];
      if (this.#page.stoppedAt !== undefined)
        return { hasNextPage, hasPreviousPage, startCursor, endCursor: encodeCursor(this.#page.stoppedAt) };
      return { hasNextPage, hasPreviousPage, startCursor, endCursor };
    }

    @Field(() => Int, {
      description: `Total number of items, counted only when requested; a lower bound when isTotalCountExact is false.`,
    })
    async totalCount(): Promise<number> {
      return (await this.#counted()).total;
    }

    @Field(() => Boolean, {
      description: `Whether totalCount is exact; false when more than ${countedAtMost} rows would have to be scanned.`,
    })
    async isTotalCountExact(): Promise<boolean> {
      return (await this.#counted()).isExact;
    }

    #counted(): Promise<Count> {
      return (this.#count ??= this.#page.count());
    }
  }
  return Connection;
}

export type Direction = 'ASC' | 'DESC';

/** The rows of a query that repeats none, up to the limit. */
async function countRows<T extends ObjectLiteral>(query: SelectQueryBuilder<T>): Promise<Count> {
  const some = query.select('1', 'one').limit(countedAtMost + 1);
  const outer = query.connection
    .createQueryBuilder()
    .select('COUNT(*)', 'count')
    .from(`(${some.getQuery()})`, 'counted');
  const counted = await outer.setParameters(some.getParameters()).getRawOne<{ count: number | string }>();
  const count = Number(counted?.count);
  return { total: Math.min(count, countedAtMost), isExact: count <= countedAtMost };
}

/** One page by a number, and by id where numbers are equal; it neither skips nor repeats rows that stay as they are. */
export async function pageByNumber<T extends ObjectLiteral & { id: string }, K extends string>(
  query: SelectQueryBuilder<T & Record<K, number>>,
  { property, direction }: { property: K; direction: Direction },
  { first, after }: PageArgs,
): Promise<Page<T & Record<K, number>>> {
  const [number, id] = [`${query.alias}.${property}`, `${query.alias}.id`];
  const size = checkPageSize(first);
  const all = query.clone();
  if (after) {
    const place = decodeNumberCursor(after);
    const beyond = direction === 'DESC' ? '<' : '>';
    // The first condition says what the second does too, so that an index can be entered at the place.
    query
      .andWhere(`${number} ${beyond}= :afterNumber`)
      .andWhere(`(${number} ${beyond} :afterNumber OR ${id} ${beyond} :afterId)`);
    query.setParameters(place);
  }
  const rows = await query
    .orderBy(number, direction)
    .addOrderBy(id, direction)
    .limit(size + 1)
    .getMany();
  return {
    nodes: rows.slice(0, size),
    cursorOf: (row) => `${row[property]} ${row.id}`,
    hasNextPage: rows.length > size,
    hasPreviousPage: Boolean(after),
    count: () => countRows(all),
  };
}

/**
 * One page by id, newest first by default. Ids grow with time, so this is a page over time that costs the same anywhere in the list and neither
 * skips nor repeats when rows come and go meanwhile.
 */
export async function pageById<T extends ObjectLiteral & { id: string }>(
  query: SelectQueryBuilder<T>,
  { first, after }: PageArgs,
  direction: Direction = 'DESC',
): Promise<Page<T>> {
  const column = `${query.alias}.id`;
  const size = checkPageSize(first);
  const all = query.clone();
  if (after) {
    const id = decodeCursor(after, /^[0-9a-f-]{36}$/);
    query.andWhere(`${column} ${direction === 'DESC' ? '<' : '>'} :afterId`, { afterId: id });
  }
  const rows = await query
    .orderBy(column, direction)
    .limit(size + 1)
    .getMany();
  return {
    nodes: rows.slice(0, size),
    cursorOf: (row) => row.id,
    hasNextPage: rows.length > size,
    hasPreviousPage: Boolean(after),
    count: () => countRows(all),
  };
}
