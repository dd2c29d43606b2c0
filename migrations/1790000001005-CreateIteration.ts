import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIteration1790000001005 implements MigrationInterface {
  name = 'CreateIteration1790000001005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'iteration',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'name', type: 'varchar', length: '255' },
          { name: 'status', type: 'varchar', length: '32' },
          { name: 'phase', type: 'varchar', length: '32' },
          { name: 'fraction', type: 'double' },
          { name: 'message', type: 'text' },
          { name: 'mode', type: 'varchar', length: '32' },
          { name: 'backbone', type: 'varchar', length: '32' },
          { name: 'tag_ids', type: 'text', isNullable: true },
          { name: 'content_version', type: 'integer' },
          { name: 'seed', type: 'integer' },
          { name: 'snapshot_sha256', type: 'varchar', length: '64', isNullable: true },
          { name: 'model_sha256', type: 'varchar', length: '64', isNullable: true },
          { name: 'image_count', type: 'integer' },
          { name: 'warnings', type: 'text' },
          { name: 'error', type: 'text', isNullable: true },
          { name: 'created_at', type: 'datetime', precision: 3 },
          { name: 'trained_at', type: 'datetime', precision: 3, isNullable: true },
        ],
        indices: [{ name: 'IX_iteration_project_id_id', columnNames: ['project_id', 'id'] }],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('iteration', true);
  }
}
