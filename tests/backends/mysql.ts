import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import type { Backend } from './backend.ts';

/** A MySQL or MariaDB on which tests may make and drop databases. */
const serverUrl = process.env['TAGLENS_TEST_MYSQL_URL'];

export const hasMysql = serverUrl !== undefined;

/** A database of its own, dropped at the end. */
export async function mysqlBackend(): Promise<Backend | null> {
  if (serverUrl === undefined) return null;
  const name = `taglens_test_${randomBytes(8).toString('hex')}`;
  await administer(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    settings: { TAGLENS_DATABASE_URL: url.href },
    close: () => administer(serverUrl, `DROP DATABASE ${name}`),
  };
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  const connection = await mysql.createConnection(serverUrl);
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
