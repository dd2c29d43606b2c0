import type { DatabaseConfig } from '../config.ts';
import type { Database, DatabaseOptions, EntityClass, MigrationClass } from './database.ts';

/** Opens the configured database. The caller closes it. */
export async function openDatabase(
  config: DatabaseConfig,
  entities: EntityClass[],
  migrations: MigrationClass[],
  options: DatabaseOptions = {},
): Promise<Database> {
  // A process needs one of the two drivers, and the other takes time to load.
  if (config.kind === 'mysql') {
    const { openMysql } = await import('./mysql.ts');
    return openMysql(config, entities, migrations, options);
  }
  const { openSqlite } = await import('./sqlite.ts');
  return openSqlite(config, entities, migrations, options);
}
