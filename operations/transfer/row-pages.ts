import type { EntityManager, EntityMetadata, ObjectLiteral, SelectQueryBuilder } from 'typeorm';

export type Row = ObjectLiteral;
/** A primary key, column by column. */
export type Key = readonly unknown[];

/** Few enough that a page of the longest rows fits into memory and into one statement. */
const pageRows = 200;

/** Rows whose keys lie after `after` and up to `upTo`; null: no bound. */
export interface KeyRange {
  after: Key | null;
  upTo: Key | null;
}

export interface RowPage extends KeyRange {
  rows: Row[];
}

/** All rows in the order of their keys. The last page has no upper bound. */
export async function* readPages(manager: EntityManager, table: EntityMetadata): AsyncGenerator<RowPage> {
  for (let after: Key | null = null; ;) {
    const rows = await readRange(manager, table, { after, upTo: null });
    const last = rows.at(-1);
    const upTo = rows.length < pageRows || !last ? null : keyOf(table, last);
    yield { after, upTo, rows };
    if (upTo === null) return;
    after = upTo;
  }
}

/** At most one row more than a page has: enough to see that there are too many. */
export function readRange(manager: EntityManager, table: EntityMetadata, range: KeyRange): Promise<Row[]> {
  const query = manager.getRepository(table.target).createQueryBuilder('row');
  for (const { propertyName } of table.primaryColumns) query.addOrderBy(`row.${propertyName}`, 'ASC');
  within(query, table, range);
  return query.limit(range.upTo === null ? pageRows : pageRows + 1).getMany();
}

export async function deleteRange(manager: EntityManager, table: EntityMetadata, range: KeyRange): Promise<void> {
  const query = manager.createQueryBuilder().delete().from(table.target);
  const columns = table.primaryColumns.map(({ databaseName }) => databaseName);
  bound(query, columns, range);
  await query.execute();
}

function within(query: SelectQueryBuilder<Row>, table: EntityMetadata, range: KeyRange): void {
  bound(
    query,
    table.primaryColumns.map(({ propertyName }) => `row.${propertyName}`),
    range,
  );
}

interface Filterable {
  andWhere(where: string, parameters?: Row): unknown;
}

function bound(query: Filterable, columns: string[], { after, upTo }: KeyRange): void {
  if (after) query.andWhere(`(${isAfter(columns, 'after')})`, named('after', after));
  if (upTo) query.andWhere(`NOT (${isAfter(columns, 'upTo')})`, named('upTo', upTo));
}

/** `(a > :x0) OR (a = :x0 AND b > :x1)`: a row comparison that both databases answer from the index. */
function isAfter(columns: string[], name: string): string {
  const alternatives = columns.map((column, index) => {
    const equal = columns.slice(0, index).map((earlier, at) => `${earlier} = :${name}${at}`);
    return `(${[...equal, `${column} > :${name}${index}`].join(' AND ')})`;
  });
  return alternatives.join(' OR ');
}

const named = (name: string, key: Key): Row =>
  Object.fromEntries(key.map((value, index) => [`${name}${index}`, value]));

const keyOf = (table: EntityMetadata, row: Row): Key =>
  table.primaryColumns.map((column) => column.getEntityValue(row) as unknown);

/** The same text for the same row, whichever database it was read from. */
export function canonical(table: EntityMetadata, row: Row): string {
  return JSON.stringify(
    table.columns.map((column) => {
      const value: unknown = column.getEntityValue(row) ?? null;
      return column.type === 'bigint' && value !== null ? Number(value) : value;
    }),
  );
}
