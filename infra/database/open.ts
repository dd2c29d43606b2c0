import type { DatabaseConfig } from '../config.ts';
import type { Database, DatabaseOptions, EntityClass, MigrationClass } from './database.ts';
import { openMysql } from './mysql.ts';
import { openSqlite } from './sqlite.ts';

/** Opens the configured database. The caller closes it. */
export function openDatabase(
  config: DatabaseConfig,
  entities: EntityClass[],
  migrations: MigrationClass[],
  options: DatabaseOptions = {},
): Promise<Database> {
  return config.kind === 'mysql'
    ? openMysql(config, entities, migrations, options)
    : openSqlite(config, entities, migrations, options);
}
