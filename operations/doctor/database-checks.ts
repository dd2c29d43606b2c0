import { randomUUID } from 'node:crypto';
import type { Database } from '../../infra/database/database.ts';
import { migrationState } from '../../infra/database/migration-state.ts';
import { migrations } from '../../migrations/index.ts';
import { ServerSecret } from '../../schema/entities/server-secret.entity.ts';
import { hasJournal } from '../transfer/journal.ts';
import { failed, ok, warning, type Check, type Finding } from './check.ts';
import { compareClocks } from './clock.ts';

const oldestVersions = { MySQL: [8, 4], MariaDB: [10, 11] } as const;
const collation = 'utf8mb4_bin';

class Undo extends Error {}

/** Whichever database it is. */
export const databaseChecks: readonly Check<Database>[] = [
  { name: 'database: tables', run: checkMigrations },
  { name: 'database: write and roll back', run: checkWriting },
  { name: 'database: unfinished copy', run: checkTransfer },
];

export const sqliteChecks: readonly Check<Database>[] = [
  {
    name: 'database: version',
    run: async ({ read }) => ok(`SQLite ${await ask(read, 'SELECT sqlite_version() AS answer')}`),
  },
  { name: 'database: durability', run: checkDurability },
];

export const mysqlChecks: readonly Check<Database>[] = [
  { name: 'database: version', run: checkVersion },
  { name: 'database: isolation', run: checkIsolation },
  { name: 'database: collation', run: checkCollation },
  { name: 'database: clock', run: checkClock },
];

async function checkMigrations({ read }: Database): Promise<Finding> {
  const { pending, unknown } = await migrationState(read, migrations);
  if (unknown.length > 0)
    return failed(`made by a newer version (${unknown.join(', ')})`, 'Run that version, or restore an earlier backup.');
  if (pending.length === migrations.length) return warning('none yet', 'Start the server once: it creates them.');
  if (pending.length > 0)
    return failed(
      `${pending.length} migration(s) missing (${pending.join(', ')})`,
      'Start a server of this version: it applies them.',
    );
  return ok(`all ${migrations.length} migrations applied`);
}

async function checkWriting(database: Database): Promise<Finding> {
  if ((await migrationState(database.read, migrations)).pending.length === migrations.length)
    return ok('not tried: there are no tables yet');
  const name = `doctor-${randomUUID()}`;
  await database
    .transact(async (manager) => {
      await manager.insert(ServerSecret, { name, value: '' });
      throw new Undo();
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undo)) throw error;
    });
  if (await database.read.manager.existsBy(ServerSecret, { name }))
    return failed('a change that was rolled back is still there', 'Use a transactional storage engine (InnoDB).');
  return ok('both work');
}

async function checkTransfer(database: Database): Promise<Finding> {
  if (!(await hasJournal({ database }))) return ok('none');
  return failed(
    'a copy of rows and objects into this installation was interrupted',
    'Run the same `taglens migrate-data` or `restore` again.',
  );
}

async function checkDurability({ read }: Database): Promise<Finding> {
  const journal = await ask(read, 'SELECT journal_mode AS answer FROM pragma_journal_mode');
  const synchronous = await ask(read, 'SELECT synchronous AS answer FROM pragma_synchronous');
  if (journal === 'wal' && synchronous === '2') return ok('WAL, synchronous FULL');
  return failed(
    `journal_mode ${journal}, synchronous ${synchronous}; expected wal and 2`,
    'Keep the data folder on a local disk: network file systems do not support WAL.',
  );
}

async function checkVersion({ read }: Database): Promise<Finding> {
  const version = await ask(read, 'SELECT VERSION() AS answer');
  const product = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  const [major = 0, minor = 0] = version.split('.').map((part) => parseInt(part, 10));
  const [oldestMajor, oldestMinor] = oldestVersions[product];
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return ok(`${product} ${version}`);
  return failed(`${product} ${version}`, `Update it to ${oldestMajor}.${oldestMinor} or newer.`);
}

async function checkIsolation(database: Database): Promise<Finding> {
  const [row] = await database.transact((manager) =>
    manager.query<{ Value: string }[]>(
      "SHOW VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')",
    ),
  );
  if (row?.Value === 'READ-COMMITTED') return ok(row.Value);
  return failed(
    `${row?.Value ?? 'unknown'}; expected READ-COMMITTED`,
    'Remove whatever changes it between here and the server (a proxy, init_connect).',
  );
}

async function checkCollation({ read }: Database): Promise<Finding> {
  const rows = await read.query<{ name: string }[]>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_collation <> ?',
    [collation],
  );
  if (rows.length === 0) return ok(collation);
  const names = rows.map(({ name }) => name).join(', ');
  return failed(
    `not ${collation} in ${names}`,
    `ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4 COLLATE ${collation} for these.`,
  );
}

async function checkClock({ read }: Database): Promise<Finding> {
  const beforeMs = Date.now();
  const seconds = Number(await ask(read, 'SELECT UNIX_TIMESTAMP(NOW(3)) AS answer'));
  return compareClocks(seconds * 1000, beforeMs, Date.now());
}

async function ask(read: Database['read'], question: string): Promise<string> {
  const [row] = await read.query<{ answer: unknown }[]>(question);
  return String(row?.answer);
}
