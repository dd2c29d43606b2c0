import type { Socket } from 'node:net';
import type { Pool, PoolConnection } from 'mysql2';

/** How long work waits for a connection of the pool to become free. */
const acquireLimitMs = 10_000;

/** A server that took the question and says nothing any more: the driver alone would wait for it for ever. */
function silence(what: string, limitMs: number): Error {
  return Object.assign(new Error(`${what} within ${limitMs} ms.`), { code: 'ETIMEDOUT', fatal: true });
}

export type Acquired = (error: Error | null, connection?: PoolConnection) => void;

/**
 * Takes a connection of the pool. Whoever takes it must let it go within `useLimitMs`, or it is cut: what waits for an
 * answer over it then gets an error, as if the server had closed it.
 */
export function acquire(pool: Pool, useLimitMs: number, done: Acquired): void {
  let isLate = false;
  const giveUp = setTimeout(() => {
    isLate = true;
    done(silence('No connection became free', acquireLimitMs));
  }, acquireLimitMs);
  pool.getConnection((error, connection) => {
    if (isLate) return error ? undefined : connection.release();
    clearTimeout(giveUp);
    if (error) return done(error);
    limitUse(connection, useLimitMs);
    done(null, connection);
  });
}

function limitUse(connection: PoolConnection, limitMs: number): void {
  const cut = cutAfter(connection, limitMs);
  const prototype = Object.getPrototypeOf(connection) as PoolConnection;
  connection.release = () => {
    clearTimeout(cut);
    prototype.release.call(connection);
  };
}

/** For who may hold the connection for ever: it is cut when the whole answer to this one statement is not there in time. */
export async function queryWithin(connection: PoolConnection, limitMs: number, sql: string, values?: unknown[]) {
  const cut = cutAfter(connection, limitMs);
  try {
    return await connection.promise().query(sql, values);
  } finally {
    clearTimeout(cut);
  }
}

function cutAfter(connection: PoolConnection, limitMs: number): NodeJS.Timeout {
  const { stream } = connection as unknown as { stream: Socket };
  return setTimeout(() => stream.destroy(silence('The server did not answer', limitMs)), limitMs);
}
