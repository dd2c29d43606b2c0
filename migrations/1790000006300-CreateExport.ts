import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateExport1790000006300 implements MigrationInterface {
  name = 'CreateExport1790000006300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'export',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'iteration_id', type: 'varchar', length: '36' },
          { name: 'platform', type: 'varchar', length: '32' },
          { name: 'flavor', type: 'varchar', length: '32', isNullable: true },
          { name: 'status', type: 'varchar', length: '32' },
          { name: 'fraction', type: 'double' },
          { name: 'message', type: 'text' },
          { name: 'error', type: 'text', isNullable: true },
          { name: 'exporter_version', type: 'varchar', length: '16' },
          { name: 'size_bytes', type: 'integer', isNullable: true },
          { name: 'sha256', type: 'varchar', length: '64', isNullable: true },
          { name: 'largest_difference', type: 'double', isNullable: true },
          { name: 'created_at', type: 'datetime', precision: 3 },
          { name: 'finished_at', type: 'datetime', precision: 3, isNullable: true },
        ],
        indices: [
          { name: 'IX_export_iteration_id_id', columnNames: ['iteration_id', 'id'] },
          { name: 'IX_export_project_id', columnNames: ['project_id'] },
          { name: 'IX_export_status', columnNames: ['status'] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('export', true);
  }
}
