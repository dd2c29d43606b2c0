import { createHash } from 'node:crypto';
import type { DataSource, EntityManager, EntityMetadata } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { entities } from '../../schema/entities/index.ts';
import { OperationError } from '../operation-error.ts';
import { canonical, deleteRange, readPages, readRange, type Row, type RowPage } from './row-pages.ts';

/** One table, equal on both sides. `sha256` is over all rows in the order of their keys. */
export interface CopiedTable {
  name: string;
  rowCount: number;
  sha256: string;
  /** Rows that had to be written; 0 when the target had them all. */
  writtenCount: number;
}

type OnRows = (table: string, copiedRows: number) => void;

/** One statement stays well below the 16 MB that MySQL takes at once. */
const insertBytes = 1024 * 1024;

/**
 * Makes the target's tables equal to those of the source as they are at one moment. Pages that are equal already are
 * only compared, so that a copy that was cut off goes on, and a second one after it writes what changed meanwhile.
 * @throws OperationError when they are not equal afterwards: somebody else writes to the target
 */
export function copyRows(source: Database, target: Database, onRows: OnRows): Promise<CopiedTable[]> {
  return source.snapshot(async (manager) => {
    const copied: CopiedTable[] = [];
    for (const entity of entities) {
      const table = manager.dataSource.getMetadata(entity);
      const result = await copyTable(manager, target, table, onRows);
      if (result.writtenCount > 0) await verifyTable(target.read, result, table);
      copied.push(result);
    }
    return copied;
  });
}

async function copyTable(
  source: EntityManager,
  target: Database,
  table: EntityMetadata,
  onRows: OnRows,
): Promise<CopiedTable> {
  const hash = createHash('sha256');
  const result = { name: table.tableName, rowCount: 0, writtenCount: 0 };
  for await (const page of readPages(source, table)) {
    const lines = page.rows.map((row) => canonical(table, row));
    for (const line of lines) hash.update(`${line}\n`);
    if (!(await hasPage(target.read.manager, table, page, lines))) {
      await replacePage(target, table, page, lines);
      result.writtenCount += Math.max(1, page.rows.length);
    }
    result.rowCount += page.rows.length;
    onRows(table.tableName, page.rows.length);
  }
  return { ...result, sha256: hash.digest('hex') };
}

async function hasPage(target: EntityManager, table: EntityMetadata, page: RowPage, lines: string[]) {
  const rows = await readRange(target, table, page);
  return rows.length === lines.length && rows.every((row, index) => canonical(table, row) === lines[index]);
}

function replacePage(target: Database, table: EntityMetadata, page: RowPage, lines: string[]): Promise<void> {
  return target.transact(async (manager) => {
    await deleteRange(manager, table, page);
    for (const rows of portions(page.rows, lines)) await manager.insert(table.target, rows);
  });
}

/** Rows that go into one statement together. */
function* portions(rows: readonly Row[], lines: readonly string[]): Generator<Row[]> {
  let portion: Row[] = [];
  let sizeBytes = 0;
  for (const [index, row] of rows.entries()) {
    const rowBytes = Buffer.byteLength(lines[index] ?? '');
    if (portion.length > 0 && sizeBytes + rowBytes > insertBytes) {
      yield portion;
      portion = [];
      sizeBytes = 0;
    }
    portion.push(row);
    sizeBytes += rowBytes;
  }
  if (portion.length > 0) yield portion;
}

async function verifyTable(target: DataSource, expected: CopiedTable, table: EntityMetadata): Promise<void> {
  const { rowCount, sha256 } = await describeTable(target, table);
  if (rowCount === expected.rowCount && sha256 === expected.sha256) return;
  throw new OperationError(
    `Table ${expected.name} of the target differs from what was copied (${rowCount} rows of ${expected.rowCount}); ` +
      'stop every server that uses the target and run this again.',
  );
}

async function describeTable(source: DataSource, table: EntityMetadata) {
  const hash = createHash('sha256');
  let rowCount = 0;
  for await (const { rows } of readPages(source.manager, table)) {
    for (const row of rows) hash.update(`${canonical(table, row)}\n`);
    rowCount += rows.length;
  }
  return { rowCount, sha256: hash.digest('hex') };
}

/** The same tables as they are in the target by now. */
export async function describeAgain({ read }: Database, tables: readonly CopiedTable[]): Promise<CopiedTable[]> {
  const described: CopiedTable[] = [];
  for (const table of tables)
    described.push({ ...table, ...(await describeTable(read, read.getMetadata(table.name))) });
  return described;
}
