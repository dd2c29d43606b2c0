import { join } from 'node:path';
import type Libsql from 'libsql';
import { DataSource, type EntityManager, type EntitySchema, type MigrationInterface } from 'typeorm';
import { ReadingLibsql, WritingLibsql } from './libsql-driver.ts';

export type EntityClass = (new () => object) | EntitySchema;
export type MigrationClass = new () => MigrationInterface;

export interface DatabaseOptions {
  /** Apply missing migrations on open. Only one process of a deployment should (the API); default false. */
  migrate?: boolean;
}

/** How long the writer waits inside SQLite for another process, blocking this thread. Kept short: see `transact`. */
const WRITER_BUSY_MS = 25;
const READER_BUSY_MS = 5000;
/** After this long of «busy» the caller gets the error: somebody holds the file for far too long. */
const BUSY_LIMIT_MS = 30_000;

/**
 * The database of one process or thread. TypeORM gives SQLite a single connection, on which concurrent
 * transactions would interleave; therefore reads and writes have a connection each and writes queue.
 */
export class Database {
  private queue: Promise<unknown> = Promise.resolve();
  private closing = false;

  /** @param read sees committed rows only and refuses to write */
  constructor(
    readonly read: DataSource,
    private readonly writer: DataSource,
  ) {}

  /**
   * Runs `work` in a transaction of its own, one at a time in this process. When another process holds the
   * file the whole callback runs again, so it must do nothing but database work through `manager`.
   * Do not call `transact` inside `work`: it would wait for itself.
   */
  transact<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (this.closing) return Promise.reject(new Error('The database is closed.'));
    const turn = this.queue.then(() => this.retryWhileBusy(work));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** @throws when the database does not answer */
  async ping(): Promise<void> {
    await this.read.query('SELECT 1');
  }

  /** Waits for transactions already queued, then closes both connections. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.queue;
    await this.read.destroy();
    await this.writer.destroy();
  }

  /** Waiting happens here, not in SQLite, so that this thread keeps serving while another process writes. */
  private async retryWhileBusy<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const giveUpAt = Date.now() + BUSY_LIMIT_MS;
    for (let delayMs = 2; ; delayMs = Math.min(delayMs * 2, 200)) {
      try {
        return await this.writer.transaction(work);
      } catch (error) {
        if (!isBusy(error) || Date.now() > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, delayMs * (0.5 + Math.random())));
      }
    }
  }
}

/** Opens (and creates) `${data}/taglens.sqlite`. The caller closes it. */
export async function openDatabase(
  config: { data: string },
  entities: EntityClass[],
  migrations: MigrationClass[],
  options: DatabaseOptions = {},
): Promise<Database> {
  const file = join(config.data, 'taglens.sqlite');
  const writer = await openSource({ file, entities, migrations, reader: false });
  try {
    if (options.migrate) await writer.runMigrations({ transaction: 'each' });
    return new Database(await openSource({ file, entities, migrations: [], reader: true }), writer);
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
    timeout: READER_BUSY_MS,
    prepareDatabase: (connection: Libsql.Database) => prepare(connection, reader),
  });
  return source.initialize();
}

/** synchronous FULL: what was acknowledged must survive a power cut, which WAL with NORMAL does not promise. */
function prepare(connection: Libsql.Database, reader: boolean): void {
  connection.pragma(`busy_timeout = ${READER_BUSY_MS}`);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  if (reader) connection.pragma('query_only = ON');
  else connection.pragma(`busy_timeout = ${WRITER_BUSY_MS}`);
}

function isBusy(error: unknown): boolean {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  return [code, driverError?.code].some((value) => typeof value === 'string' && value.startsWith('SQLITE_BUSY'));
}
