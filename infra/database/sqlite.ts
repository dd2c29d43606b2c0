import { join } from 'node:path';
import type Libsql from 'libsql';
import { DataSource, type EntityManager } from 'typeorm';
import type { Database, DatabaseOptions, EntityClass, MigrationClass } from './database.ts';
import { ReadingLibsql, WritingLibsql } from './libsql-driver.ts';

/** How long the writer waits inside SQLite for another process, blocking this thread. Kept short: see `transact`. */
const writerBusyMs = 25;
const readerBusyMs = 5000;
/** After this long of «busy» the caller gets the error: somebody holds the file for far too long. */
const busyLimitMs = 30_000;

/**
 * SQLite for one process or thread. TypeORM gives it a single connection, on which concurrent
 * transactions would interleave; therefore reads and writes have a connection each and writes queue.
 */
class SqliteDatabase implements Database {
  private queue: Promise<unknown> = Promise.resolve();
  private closing = false;

  /** @param read sees committed rows only and refuses to write */
  constructor(
    readonly read: DataSource,
    private readonly writer: DataSource,
    private readonly openReader: () => Promise<DataSource>,
  ) {}

  /** One at a time in this process; while another process holds the file it tries again. */
  transact<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (this.closing) return Promise.reject(new Error('The database is closed.'));
    const turn = this.queue.then(() => this.retryWhileBusy(work));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** On a connection of its own: the transaction would hold back everybody else who reads. */
  async snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const reader = await this.openReader();
    try {
      return await reader.transaction(work);
    } finally {
      await reader.destroy();
    }
  }

  async ping(): Promise<void> {
    await this.read.query('SELECT 1');
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.queue;
    await this.read.destroy();
    if (this.writer.isInitialized) await this.writer.destroy();
  }

  /** Waiting happens here, not in SQLite, so that this thread keeps serving while another process writes. */
  private async retryWhileBusy<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const giveUpAt = Date.now() + busyLimitMs;
    for (let delayMs = 2; ; delayMs = Math.min(delayMs * 2, 200)) {
      try {
        if (!this.writer.isInitialized) await this.writer.initialize();
        return await this.writer.transaction(work);
      } catch (error) {
        await this.closeIfStuck();
        if (!isBusy(error) || Date.now() > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, delayMs * (0.5 + Math.random())));
      }
    }
  }

  /**
   * When the disk is full SQLite rolls back by itself, and the ROLLBACK of TypeORM fails for it: its runner would take all that
   * follows for parts of a transaction that is never committed. Then the connection is opened anew, at the next use.
   */
  private async closeIfStuck(): Promise<void> {
    const isStuck = this.writer.isInitialized && this.writer.createQueryRunner().isTransactionActive;
    if (isStuck) await this.writer.destroy();
  }
}

/** Opens (and creates) `${folder}/taglens.sqlite`. */
export async function openSqlite(
  config: { folder: string },
  entities: EntityClass[],
  migrations: MigrationClass[],
  options: DatabaseOptions = {},
): Promise<Database> {
  const file = join(config.folder, 'taglens.sqlite');
  const writer = await openSource({ file, entities, migrations, reader: false });
  try {
    if (options.migrate) await writer.runMigrations({ transaction: 'each' });
    const openReader = (): Promise<DataSource> => openSource({ file, entities, migrations: [], reader: true });
    return new SqliteDatabase(await openReader(), writer, openReader);
  } catch (error) {
    await writer.destroy();
    throw error;
  }
}

interface SourceOptions {
  file: string;
  entities: EntityClass[];
  migrations: MigrationClass[];
  reader: boolean;
}

function openSource({ file, entities, migrations, reader }: SourceOptions): Promise<DataSource> {
  const source = new DataSource({
    type: 'better-sqlite3',
    driver: reader ? ReadingLibsql : WritingLibsql,
    database: file,
    entities,
    migrations,
    timeout: readerBusyMs,
    prepareDatabase: (connection: Libsql.Database) => prepare(connection, reader),
  });
  return source.initialize();
}

/** synchronous FULL: what was acknowledged must survive a power cut, which WAL with NORMAL does not promise. */
function prepare(connection: Libsql.Database, reader: boolean): void {
  connection.pragma(`busy_timeout = ${readerBusyMs}`);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  if (reader) connection.pragma('query_only = ON');
  else connection.pragma(`busy_timeout = ${writerBusyMs}`);
}

function isBusy(error: unknown): boolean {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  return [code, driverError?.code].some((value) => typeof value === 'string' && value.startsWith('SQLITE_BUSY'));
}
