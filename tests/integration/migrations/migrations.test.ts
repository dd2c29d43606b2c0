import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WritingLibsql } from '../../../infra/database/libsql-driver.ts';
import { openMysqlWriter } from '../../../infra/database/mysql.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import type { Backend } from '../../backends/backend.ts';
import { folderBackend } from '../../backends/folder.ts';
import { hasMysql, mysqlBackend } from '../../backends/mysql.ts';

let source: DataSource;

/** An empty database and how its tables and indices are listed, with their statements, without the database's own. */
const databases = {
  SQLite: {
    isThere: true,
    makeBackend: folderBackend,
    open({ TAGLENS_DATA: folder = '' }: Record<string, string>) {
      const database = join(folder, 'taglens.sqlite');
      const options = { driver: WritingLibsql, database, entities, migrations };
      return new DataSource({ type: 'better-sqlite3', ...options }).initialize();
    },
    list: () =>
      source.query<{ name: string; sql: string }[]>(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
      ),
  },
  MySQL: {
    isThere: hasMysql,
    makeBackend: mysqlBackend,
    open: ({ TAGLENS_DATABASE_URL: url = '' }: Record<string, string>) =>
      openMysqlWriter({ url, poolSize: 2, ssl: undefined }, entities, migrations),
    async list() {
      const tables = await source.query<Record<string, string>[]>('SHOW TABLES');
      const statementOf = async (name: string) => {
        const [row] = await source.query<Record<string, string>[]>(`SHOW CREATE TABLE ${name}`);
        return { name, sql: row?.['Create Table']?.replace(/ AUTO_INCREMENT=\d+/, '') ?? '' };
      };
      return Promise.all(tables.flatMap((row) => Object.values(row)).map(statementOf));
    },
  },
};

const upAll = () => source.runMigrations({ transaction: 'each' });
const downOne = () => source.undoLastMigration({ transaction: 'each' });

/** What a migration generated from the entities would still change. */
async function missingChanges(): Promise<string[]> {
  const { upQueries } = await source.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

for (const [name, database] of Object.entries(databases))
  describe.skipIf(!database.isThere)(`on ${name}`, () => {
    let backend: Backend;
    beforeEach(async () => {
      backend = (await database.makeBackend()) as Backend;
      source = await database.open(backend.settings);
    });
    afterEach(async () => {
      await source.destroy();
      await backend.close();
    });
    const objectsOf = (): Promise<{ name: string; sql: string }[]> => database.list();

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

    test('takes the newest migration back and forth, and then all of them, without a trace', async () => {
      await upAll();
      const whole = await objectsOf();
      for (const depth of [1, migrations.length]) {
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

    test('keeps what is noted about images when there is more room for it', async () => {
      await upAll();
      const at = migrations.findIndex(({ name }) => name.startsWith('WidenImageMetadata'));
      for (let i = at; i < migrations.length; i++) await downOne();
      const lengths = async (): Promise<string[] | undefined> => {
        const runner = source.createQueryRunner();
        const table = await runner.getTable('image_metadata');
        await runner.release();
        return table?.columns.map(({ length }) => length);
      };
      expect(await lengths()).toEqual(['36', '128', '36', '256']);
      const row = { image_id: 'an image', name: 'camera', project_id: 'a project', value: 'left' };
      await source.query('INSERT INTO image_metadata VALUES (?, ?, ?, ?)', Object.values(row));
      await upAll();
      expect(await lengths()).toEqual(['36', '256', '36', '512']);
      expect(await source.query('SELECT * FROM image_metadata')).toEqual([row]);
    });

    test('goes on after a crash between a change and the note that it was made', async () => {
      await upAll();
      const whole = await objectsOf();
      for (const { name } of migrations) {
        await source.query('DELETE FROM migrations WHERE name = ?', [name]);
        expect((await upAll()).map((migration) => migration.name)).toEqual([name]);
      }
      expect(await objectsOf()).toEqual(whole);
    });
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
