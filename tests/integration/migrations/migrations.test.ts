import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WritingLibsql } from '../../../infra/database/libsql-driver.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';

let folder: string;
let source: DataSource;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taglens-migrations-'));
  const database = join(folder, 'taglens.sqlite');
  source = new DataSource({ type: 'better-sqlite3', driver: WritingLibsql, database, entities, migrations });
  await source.initialize();
});
afterEach(async () => {
  await source.destroy();
  await rm(folder, { recursive: true });
});

const upAll = () => source.runMigrations({ transaction: 'each' });
const downOne = () => source.undoLastMigration({ transaction: 'each' });

/** What a migration generated from the entities would still change. */
async function missingChanges(): Promise<string[]> {
  const { upQueries } = await source.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

/** Tables and indices with their statements, without those of SQLite itself. */
function objectsOf(): Promise<{ name: string; sql: string }[]> {
  return source.query("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
}

test('brings an empty database to exactly what the entities say', async () => {
  const applied = await upAll();
  expect(applied.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name));
  expect(await missingChanges()).toEqual([]);
});

test('makes a table for every entity', async () => {
  await upAll();
  const names = (await objectsOf()).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(source.entityMetadatas.map(({ tableName }) => tableName)));
});

test('does nothing when run a second time', async () => {
  await upAll();
  expect(await upAll()).toEqual([]);
});

test('takes each migration back and forth without a trace', async () => {
  await upAll();
  const whole = await objectsOf();
  for (let depth = 1; depth <= migrations.length; depth++) {
    for (let i = 0; i < depth; i++) await downOne();
    expect(await upAll()).toHaveLength(depth);
    expect(await objectsOf()).toEqual(whole);
  }
});

test('leaves no table but its own list when all are taken back', async () => {
  await upAll();
  for (let i = 0; i < migrations.length; i++) await downOne();
  expect((await objectsOf()).map(({ name }) => name)).toEqual(['migrations']);
  expect(await source.query('SELECT * FROM migrations')).toEqual([]);
});

test('lists migrations oldest first, each under the name of its class', () => {
  const stamps = migrations.map(({ name }) => Number(name.slice(-13)));
  expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
  expect(migrations.map((Migration) => new Migration().name)).toEqual(migrations.map(({ name }) => name));
});

test('lists every migration file', async () => {
  const files = await readdir(new URL('../../../migrations/', import.meta.url));
  const named = files.filter((file) => /^\d/.test(file)).map((file) => file.replace(/^(\d+)-(\w+)\.ts$/, '$2$1'));
  expect(migrations.map(({ name }) => name)).toEqual(named.sort((a, b) => Number(a.slice(-13)) - Number(b.slice(-13))));
});
