import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateChore1790000002500 implements MigrationInterface {
  name = 'CreateChore1790000002500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'chore',
        columns: [
          { name: 'name', type: 'varchar', length: '64', isPrimary: true },
          { name: 'begun_at', type: 'datetime', precision: 3 },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('chore', true);
  }
}
