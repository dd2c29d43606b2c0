import type { DatabaseConfig } from '../config.ts';
import type { Database, DatabaseOptions, EntityClass, MigrationClass } from './database.ts';
import { openSqlite } from './sqlite.ts';

/** Opens the configured database. The caller closes it. */
export function openDatabase(
  config: DatabaseConfig,
  entities: EntityClass[],
  migrations: MigrationClass[],
  options: DatabaseOptions = {},
): Promise<Database> {
  if (config.kind === 'mysql') throw new Error('TAGLENS_DATABASE_URL: MySQL is not there yet.');
  return openSqlite(config, entities, migrations, options);
}
