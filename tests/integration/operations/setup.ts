import type { ObjectLiteral } from 'typeorm';
import { serve } from '../../../api/main.ts';
import { TaglensClient } from '../../../cli/client.ts';
import { loadConfig } from '../../../infra/config.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import type { Database } from '../../../infra/database/database.ts';
import { openStorage } from '../../../infra/storage/open.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { migrations } from '../../../migrations/index.ts';
import type { Place } from '../../../operations/place.ts';
import { entities } from '../../../schema/entities/index.ts';
import { ownerKey } from '../api/setup.ts';

export type Settings = Record<string, string>;

export const placeOf = (settings: Settings): Place => ({ ...loadConfig(settings), name: 'a place of the test' });

/** A server on data that is there already, and stays when it ends. */
export async function serveOn(settings: Settings) {
  const own = { TAGLENS_PORT: '0', TAGLENS_OWNER_KEY: ownerKey, TAGLENS_LOG_LEVEL: 'silent' };
  const server = await serve({ ...settings, ...own });
  return { url: server.url, client: new TaglensClient(server.url, ownerKey), close: () => server.close() };
}

/** Opens what a server leaves behind. */
export async function withData<T>(
  settings: Settings,
  work: (database: Database, storage: Storage) => Promise<T>,
): Promise<T> {
  const config = loadConfig(settings);
  const database = await openDatabase(config.database, entities, migrations, { migrate: true });
  try {
    return await work(database, await openStorage(config.storage));
  } finally {
    await database.close();
  }
}

/** Every row of every table, in an order that does not depend on the database. */
export function rowsOf(settings: Settings): Promise<Record<string, ObjectLiteral[]>> {
  return withData(settings, async (database) => {
    const tables: Record<string, ObjectLiteral[]> = {};
    for (const entity of entities) {
      const repository = database.read.getRepository<ObjectLiteral>(entity);
      const rows = await repository.find();
      const lines = rows.map((row) => [JSON.stringify(repository.getId(row)), row] as const);
      tables[repository.metadata.tableName] = lines.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    }
    return tables;
  });
}
