import mysql, { type Connection, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import { createConnection } from 'mysql2/promise';
import type { MysqlConfig } from '../config.ts';
import { OutageError } from '../outage.ts';
import { isConnectionLost, isSilence } from './mysql-errors.ts';
import { acquire, queryWithin, type Acquired } from './mysql-patience.ts';

export const connectTimeoutMs = 5000;
/** How long a statement waits for a row that another transaction holds; then the transaction starts again. */
const lockWaitSeconds = 5;
/** How long a statement waits for a table that another transaction reads or changes. */
const tableWaitSeconds = 60;
/** While a change of a table waits, all who want the table wait behind it; whoever changes tables tries again instead. */
const changedTableWaitSeconds = 2;
/** Longest time between the question and the whole answer; every list and count of the API takes far less. */
const readLimitMs = 20_000;
/** Longest a transaction holds its connection. The tail of events counts on none that lasts a minute. */
const transactionLimitMs = 45_000;
/** Longest answer to one of the reads of a snapshot: all labels of a large project are one of them. */
const snapshotStatementLimitMs = 60_000;

/**
 * What every connection is told first. Strict mode, so that a value which does not fit is an error and not cut; READ
 * COMMITTED, so that a transaction which waited for a lock sees what was committed meanwhile.
 */
const session = (tableWaitS: number): string =>
  [
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    "time_zone = '+00:00'",
    `innodb_lock_wait_timeout = ${lockWaitSeconds}`,
    `lock_wait_timeout = ${tableWaitS}`,
  ].join(', ');

/** Where it is and how to reach it. */
export type Server = Pick<MysqlConfig, 'url' | 'ssl'>;
export type Dialect = 'mysql' | 'mariadb';

/** Which of the two answers: they describe their tables differently, and TypeORM wants to know. */
export async function findDialect({ url, ssl }: Server): Promise<Dialect> {
  const connection = await createConnection({
    uri: url,
    connectTimeout: connectTimeoutMs,
    ...(ssl === undefined ? {} : { ssl }),
  });
  try {
    const [rows] = await connection.query('SELECT VERSION() AS version');
    return (rows as { version: string }[])[0]?.version.includes('MariaDB') ? 'mariadb' : 'mysql';
  } finally {
    await connection.end();
  }
}

/** Bringing the tables up to date may take as long as it has to. */
export const migratingDriver = {
  createPool: (options: PoolOptions) => openPool(options, 'READ WRITE', changedTableWaitSeconds),
};

/** mysql2 as TypeORM gets it: every connection is set up before its first statement, and held by no transaction for ever. */
export const writingDriver = {
  createPool(options: PoolOptions) {
    const pool = openPool(options, 'READ WRITE');
    return {
      getConnection: (done: Acquired) => acquire(pool, transactionLimitMs, done),
      end: (done: (error: unknown) => void) => pool.end(done),
    };
  },
};

/**
 * The same for reading. A transaction is not needed, so a statement takes any connection, and one whose connection was
 * lost is sent once more over another: the server may have closed it, or been restarted, while nobody used it.
 */
export const readingDriver = {
  createPool(options: PoolOptions) {
    const pool = openPool(options, 'READ ONLY');
    const query = (sql: string, values?: unknown[]) =>
      queryOnce(pool, sql, values)
        .catch((error: unknown) => {
          if (!isConnectionLost(error) || isSilence(error)) throw error;
          return queryOnce(pool, sql, values);
        })
        .catch((error: unknown) => {
          throw isConnectionLost(error) ? new OutageError('database', { cause: error }) : error;
        });
    const anyConnection = { promise: () => ({ query }), release: () => undefined, listeners: () => [true] };
    return {
      getConnection: (done: (error: null, connection: typeof anyConnection) => void) => done(null, anyConnection),
      end: (done: (error: unknown) => void) => pool.end(done),
    };
  },
};

/**
 * For reads that all see one moment: whoever copies a whole database holds the connection for hours, so that only each
 * statement has a limit.
 */
export const snapshotDriver = {
  createPool(options: PoolOptions) {
    const pool = openPool(options, 'READ ONLY');
    const held = (connection: PoolConnection) => ({
      promise: () => ({
        query: (sql: string, values?: unknown[]) => queryWithin(connection, snapshotStatementLimitMs, sql, values),
      }),
      release: () => connection.release(),
      listeners: () => [true],
    });
    return {
      getConnection: (done: (error: Error | null, connection?: ReturnType<typeof held>) => void) =>
        pool.getConnection((error, connection) => (error ? done(error) : done(null, held(connection)))),
      end: (done: (error: unknown) => void) => pool.end(done),
    };
  },
};

async function queryOnce(pool: Pool, sql: string, values?: unknown[]) {
  const connection = await new Promise<PoolConnection>((resolve, reject) =>
    acquire(pool, readLimitMs, (error, free) => (free ? resolve(free) : reject(error ?? new Error('No connection.')))),
  );
  try {
    return await connection.promise().query(insistOnIndex(sql), values);
  } finally {
    connection.release();
  }
}

/**
 * The index that a page over time names must be used: with a proposal only, MariaDB walks from the end of the list to the
 * cursor instead of beginning there. TypeORM can write the proposal. Values are never part of the text.
 */
const insistOnIndex = (sql: string): string => sql.replace(' USE INDEX (', ' FORCE INDEX (');

function openPool(options: PoolOptions, access: 'READ WRITE' | 'READ ONLY', tableWaitS = tableWaitSeconds) {
  const pool = mysql.createPool(options);
  pool.on('connection', (connection) => prepare(connection, access, tableWaitS));
  return pool;
}

/** Statements of one connection keep their order, so these come before whatever the connection was opened for. */
function prepare(connection: Connection, access: 'READ WRITE' | 'READ ONLY', tableWaitS: number): void {
  // A setting that the server refuses must not pass unnoticed: the connection is of no use then.
  const check = (error: unknown): void => (error ? connection.destroy() : undefined);
  connection.query(`SET SESSION ${session(tableWaitS)}`, check);
  connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, ${access}`, check);
}
