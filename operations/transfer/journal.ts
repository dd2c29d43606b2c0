import { createHash } from 'node:crypto';
import { Table, type EntityManager } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { entities } from '../../schema/entities/index.ts';
import { ServerSecret } from '../../schema/entities/server-secret.entity.ts';
import { OperationError } from '../operation-error.ts';
import type { Installation } from './installation.ts';
import { Transfer } from './transfer-journal.entity.ts';

/** Tables of the transfer itself. They are gone when it is finished, so no migration of the service knows them. */
const tables = [
  new Table({
    name: 'transfer',
    columns: [
      { name: 'source_id', type: 'varchar', length: '64', isPrimary: true },
      { name: 'started_at', type: 'datetime' },
    ],
  }),
  new Table({
    name: 'transfer_object',
    columns: [
      { name: 'object_key', type: 'varchar', length: '512', isPrimary: true },
      { name: 'size_bytes', type: 'bigint' },
      { name: 'sha256', type: 'varchar', length: '64' },
    ],
  }),
];

/**
 * Marks the target as a copy of this source that is not finished, or finds the mark of an earlier attempt.
 * @returns whether an earlier attempt goes on
 */
export async function beginTransfer(source: Installation, target: Installation): Promise<boolean> {
  const sourceId = await identify(source);
  if (await isBegun(sourceId, target)) return true;
  await target.database.transact(async (manager) => {
    for (const table of tables) await runnerOf(manager).createTable(table, true);
    await manager.insert(Transfer, { sourceId, startedAt: new Date() });
  });
  return false;
}

/**
 * Lets pass what is empty, or a copy of this source that is not finished. Nothing was changed in the target before, so that
 * its tables may be those of another version or not be there.
 * @throws OperationError when the target has other data
 */
export async function refuseOtherData(source: Installation, target: Installation): Promise<void> {
  if (await isBegun(await identify(source), target)) return;
  const found = [...(await rowsIn(target)), ...(await objectsIn(target))];
  if (found.length === 0) return;
  throw new OperationError(
    `The target (${target.place.name}) already has data: ${found.join(', ')}. Use an empty database and an empty bucket or folder.`,
  );
}

export async function endTransfer(target: Installation): Promise<void> {
  await target.database.transact(async (manager) => {
    for (const table of tables) await runnerOf(manager).dropTable(table, true);
  });
}

/** Whether a copy into this place was begun and not finished. */
export const hasJournal = ({ database }: Pick<Installation, 'database'>): Promise<boolean> =>
  hasTable(database, 'transfer');

/** @throws OperationError when it is another source whose copy was begun */
async function isBegun(sourceId: string, target: Installation): Promise<boolean> {
  const begun = (await hasJournal(target)) ? await target.database.read.manager.find(Transfer) : [];
  if (begun.length === 0) return false;
  if (begun.some((transfer) => transfer.sourceId === sourceId)) return true;
  throw new OperationError(`The target (${target.place.name}) holds the unfinished copy of another installation.`);
}

/** Each installation has a number of its own; one that was never served has none, and nothing to mix up. */
async function identify({ database }: Installation): Promise<string> {
  const secret = await database.read.manager.findOneBy(ServerSecret, { name: 'installation' });
  return createHash('sha256')
    .update(secret?.value ?? '')
    .digest('hex');
}

async function rowsIn({ database }: Installation): Promise<string[]> {
  const found: string[] = [];
  for (const entity of entities) {
    const repository = database.read.getRepository<object>(entity);
    const { tableName } = repository.metadata;
    const count = (await hasTable(database, tableName)) ? await repository.count() : 0;
    if (count > 0) found.push(`${count} rows in ${tableName}`);
  }
  return found;
}

/** The first one says enough. */
async function objectsIn({ storage }: Installation): Promise<string[]> {
  for await (const { key } of storage.list('')) return [`the object ${key}`];
  return [];
}

async function hasTable({ read }: Database, name: string): Promise<boolean> {
  const runner = read.createQueryRunner();
  try {
    return await runner.hasTable(name);
  } finally {
    await runner.release();
  }
}

function runnerOf({ queryRunner }: EntityManager) {
  if (!queryRunner) throw new Error('A transaction has a query runner.');
  return queryRunner;
}
