import type { MigrationInterface, QueryRunner } from 'typeorm';

const table = 'image_metadata';
/** Azure's limits, and ours of before. */
const wide = { name: 256, value: 512 };
const narrow = { name: 128, value: 256 };

export class WidenImageMetadata1790000006600 implements MigrationInterface {
  name = 'WidenImageMetadata1790000006600';

  async up(runner: QueryRunner): Promise<void> {
    await resize(runner, wide);
  }

  async down(runner: QueryRunner): Promise<void> {
    await resize(runner, narrow);
  }
}

async function resize(runner: QueryRunner, lengths: typeof wide): Promise<void> {
  const columns = (await runner.getTable(table))?.columns ?? [];
  const changed = Object.entries(lengths).flatMap(([name, length]) => {
    const oldColumn = columns.find((column) => column.name === name);
    if (!oldColumn || oldColumn.length === String(length)) return [];
    const newColumn = oldColumn.clone();
    newColumn.length = String(length);
    return [{ oldColumn, newColumn }];
  });
  if (changed.length === 0) return;
  // SQLite cannot change a column: the table is made anew with its rows. Of MySQL's columns TypeORM would lose what is in them.
  if (runner.dataSource.options.type === 'better-sqlite3') return runner.changeColumns(table, changed);
  const parts = changed.map(({ newColumn: { name, length } }) => `MODIFY \`${name}\` varchar(${length}) NOT NULL`);
  await runner.query(`ALTER TABLE \`${table}\` ${parts.join(', ')}`);
}
