import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRateWindow1790000003000 implements MigrationInterface {
  name = 'CreateRateWindow1790000003000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'rate_window',
        columns: [
          { name: 'key_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'name', type: 'varchar', length: '32', isPrimary: true },
          { name: 'started_at', type: 'bigint', isPrimary: true },
          { name: 'used', type: 'integer' },
        ],
        indices: [{ name: 'IX_rate_window_started_at', columnNames: ['started_at'] }],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('rate_window', true);
  }
}
