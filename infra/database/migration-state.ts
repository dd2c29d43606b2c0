import type { DataSource } from 'typeorm';
import type { MigrationClass } from './database.ts';

/** How the tables of a database stand to the migrations that this version of the program knows. */
export interface MigrationState {
  /** Known and not applied yet; all of them when the database is empty. */
  pending: string[];
  /** Applied and not known: the database was used by a newer version. */
  unknown: string[];
}

/** Reads the list that TypeORM keeps; changes nothing. */
export async function migrationState(
  source: DataSource,
  migrations: readonly MigrationClass[],
): Promise<MigrationState> {
  const applied = await appliedNames(source);
  const known = migrations.map(({ name }) => name);
  return {
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

async function appliedNames(source: DataSource): Promise<string[]> {
  const runner = source.createQueryRunner();
  try {
    if (!(await runner.hasTable('migrations'))) return [];
    const rows = (await runner.query('SELECT name FROM migrations')) as { name: string }[];
    return rows.map(({ name }) => name);
  } finally {
    await runner.release();
  }
}
