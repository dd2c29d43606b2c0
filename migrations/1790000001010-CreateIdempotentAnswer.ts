import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIdempotentAnswer1790000001010 implements MigrationInterface {
  name = 'CreateIdempotentAnswer1790000001010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'idempotent_answer',
        columns: [
          { name: 'id', type: 'varchar', length: '64', isPrimary: true },
          { name: 'request_sha256', type: 'varchar', length: '64' },
          { name: 'answer', type: 'text', isNullable: true },
          { name: 'created_at', type: 'datetime', precision: 3 },
        ],
        indices: [{ name: 'IX_idempotent_answer_created_at', columnNames: ['created_at'] }],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('idempotent_answer', true);
  }
}
