import { DataSource, MigrationExecutor, type EntityManager, type QueryRunner } from 'typeorm';
import type { MysqlConfig } from '../config.ts';
import { OutageError } from '../outage.ts';
import { OutcomeUnknownError, type Database, type DatabaseOptions } from './database.ts';
import type { EntityClass, MigrationClass } from './database.ts';
import {
  connectTimeoutMs,
  findDialect,
  migratingDriver,
  readingDriver,
  snapshotDriver,
  writingDriver,
  type Dialect,
  type Server,
} from './mysql-driver.ts';
import { isConflict, isConnectionLost, isDuplicate, wasNeverSent } from './mysql-errors.ts';

const keepAliveMs = 10_000;
/** After this long of conflicts, or without a connection, the caller gets the error. */
const retryLimitMs = 30_000;
/** A key that is still taken when all was looked at again is taken for good. */
const duplicateAttempts = 3;
/** How long a start waits while another process brings the tables up to date. */
const migrationWaitSeconds = 600;
/** Until tables that somebody holds are tried again: those who waited behind the last try have their turn. */
const tablesHeldPauseMs = 3000;
/** Compares by code point, as SQLite does: letter case and accents tell names apart. */
const collation = 'utf8mb4_bin';

/** MySQL or MariaDB, shared by many processes. Transactions run side by side; see `lockRow` for what that asks. */
class MysqlDatabase implements Database {
  private readonly open = new Set<Promise<unknown>>();
  private closing = false;

  /** @param read refuses to write, and takes no connection from transactions, so that neither waits for the other */
  constructor(
    readonly read: DataSource,
    private readonly writer: DataSource,
    private readonly openSnapshot: () => Promise<DataSource>,
  ) {}

  transact<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (this.closing) return Promise.reject(new Error('The database is closed.'));
    const turn = this.retry(work);
    const ended = turn.catch(() => undefined).finally(() => this.open.delete(ended));
    this.open.add(ended);
    return turn;
  }

  /**
   * On a connection of its own: each statement of `read` may take another one, and a transaction of the writer may neither
   * last nor keep others from writing.
   */
  async snapshot<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      const source = await this.openSnapshot();
      return await source.transaction('REPEATABLE READ', work).finally(() => source.destroy());
    } catch (error) {
      throw asOutage(error);
    }
  }

  async ping(): Promise<void> {
    await this.read.query('SELECT 1');
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await Promise.all(this.open);
    await this.read.destroy();
    await this.writer.destroy();
  }

  private async retry<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const giveUpAt = Date.now() + retryLimitMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (!mayPass(error, attempt) || Date.now() > giveUpAt) throw asOutage(error);
        const delayMs = Math.min(2 ** attempt, 500);
        await new Promise((resolve) => setTimeout(resolve, delayMs * (0.5 + Math.random())));
      }
    }
  }

  private async attempt<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.writer.createQueryRunner();
    try {
      await runner.startTransaction();
      const result = await work(runner.manager);
      await commit(runner);
      return result;
    } catch (error) {
      // On a lost connection this fails too, and the server undoes the transaction by itself.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }
}

const asOutage = (error: unknown): unknown =>
  isConnectionLost(error) && !(error instanceof OutcomeUnknownError)
    ? new OutageError('database', { cause: error })
    : error;

/** What was sent may have been done even though the answer got lost, so it must not simply run again. */
async function commit(runner: QueryRunner): Promise<void> {
  try {
    await runner.commitTransaction();
  } catch (error) {
    throw isConnectionLost(error) && !wasNeverSent(error) ? new OutcomeUnknownError({ cause: error }) : error;
  }
}

/** Whether the same work may succeed when it runs again. */
function mayPass(error: unknown, attempt: number): boolean {
  if (error instanceof OutcomeUnknownError) return false;
  if (isDuplicate(error)) return attempt < duplicateAttempts;
  return isConflict(error) || isConnectionLost(error);
}

/** The database must exist; its tables are made when `migrate` is set. */
export async function openMysql(
  { url, ssl, poolSize }: MysqlConfig,
  entities: EntityClass[],
  migrations: MigrationClass[],
  options: DatabaseOptions = {},
): Promise<Database> {
  const readers = Math.floor(poolSize / 2);
  const writers = poolSize - readers;
  if (options.migrate) await bringUpToDate({ url, ssl }, entities, migrations);
  const base = { type: await findDialect({ url, ssl }), url, ssl, entities, migrations: [] };
  const writer = await openSource({ ...base, poolSize: writers, driver: writingDriver });
  try {
    const openSnapshot = (): Promise<DataSource> => openSource({ ...base, poolSize: 1, driver: snapshotDriver });
    const reader = await openSource({ ...base, poolSize: readers, driver: readingDriver });
    return new MysqlDatabase(reader, writer, openSnapshot);
  } catch (error) {
    await writer.destroy();
    throw error;
  }
}

/** For what looks after the tables themselves: its connections may be held for as long as it takes. The caller closes them. */
export async function openMysqlWriter(
  { url, ssl, poolSize }: MysqlConfig,
  entities: EntityClass[],
  migrations: MigrationClass[],
): Promise<DataSource> {
  const type = await findDialect({ url, ssl });
  return openSource({ type, url, ssl, entities, migrations, poolSize, driver: migratingDriver });
}

interface SourceOptions extends MysqlConfig {
  type: Dialect;
  entities: EntityClass[];
  migrations: MigrationClass[];
  driver: object;
}

function openSource(options: SourceOptions): Promise<DataSource> {
  const source = new DataSource({
    ...options,
    charset: collation.toUpperCase(),
    timezone: 'Z',
    connectTimeout: connectTimeoutMs,
    supportBigNumbers: true,
    bigNumberStrings: false,
    extra: { decimalNumbers: true, enableKeepAlive: true, keepAliveInitialDelay: keepAliveMs },
  });
  widenText(source);
  return source.initialize();
}

/** TEXT ends at 64 kB here and nowhere in SQLite; the answers of a model with 500 tags need more. */
function widenText({ driver }: DataSource): void {
  const normalizeType = driver.normalizeType.bind(driver);
  const createFullType = driver.createFullType.bind(driver);
  const widen = (type: string): string => (type === 'text' ? 'mediumtext' : type);
  driver.normalizeType = (column) => widen(normalizeType(column));
  driver.createFullType = (column) => widen(createFullType(column));
}

async function bringUpToDate(server: Server, entities: EntityClass[], migrations: MigrationClass[]): Promise<void> {
  const source = await openMysqlWriter({ ...server, poolSize: 1 }, entities, migrations);
  try {
    await migrate(source);
  } finally {
    await source.destroy();
  }
}

/** One process at a time: those that start meanwhile wait and then find nothing left to do. */
async function migrate(source: DataSource): Promise<void> {
  const runner = source.createQueryRunner();
  try {
    await lockMigrations(runner);
    await untilTablesAreFree(async () => {
      await setCollation(runner);
      const executor = new MigrationExecutor(source, runner);
      executor.transaction = 'each';
      await executor.executePendingMigrations();
    });
  } finally {
    await runner.query(`DO RELEASE_LOCK(${lockName})`).catch(() => undefined);
    await runner.release();
  }
}

/** Whoever reads a table in a long transaction, as a backup does, keeps it from being changed until the end. */
async function untilTablesAreFree(change: () => Promise<void>): Promise<void> {
  const giveUpAt = Date.now() + migrationWaitSeconds * 1000;
  for (;;) {
    try {
      return await change();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (Date.now() > giveUpAt) throw tablesHeld(error);
      await new Promise((resolve) => setTimeout(resolve, tablesHeldPauseMs));
    }
  }
}

const tablesHeld = (cause: unknown): Error =>
  new Error(
    `The tables could not be changed for ${migrationWaitSeconds} s: another session, such as a backup, holds them. ` +
      'Start again when it has ended.',
    { cause },
  );

/** Locks of this kind are the whole server's, so the name has the database in it; 64 characters at most. */
const lockName = "CONCAT('taglens-', MD5(DATABASE()))";

async function lockMigrations(runner: QueryRunner): Promise<void> {
  const [answer] = (await runner.query(`SELECT GET_LOCK(${lockName}, ${migrationWaitSeconds}) AS got`)) as [
    { got: number },
  ];
  if (answer.got === 1) return;
  throw new Error(`Another process has been changing the tables of the database for ${migrationWaitSeconds} s.`);
}

/** New tables get the database's collation, whatever it was made with. */
async function setCollation(runner: QueryRunner): Promise<void> {
  const [found] = (await runner.query('SELECT DATABASE() AS name, @@collation_database AS collation')) as [
    { name: string; collation: string },
  ];
  if (found.collation === collation) return;
  const name = `\`${found.name.replaceAll('`', '``')}\``;
  await runner.query(`ALTER DATABASE ${name} CHARACTER SET utf8mb4 COLLATE ${collation}`);
}
