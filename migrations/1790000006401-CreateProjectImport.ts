import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateProjectImport1790000006401 implements MigrationInterface {
  name = 'CreateProjectImport1790000006401';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'project_import',
        columns: [
          { name: 'project_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'source_url', type: 'text' },
          { name: 'local_project_id', type: 'varchar', length: '36', isNullable: true },
          { name: 'tag_ids', type: 'text' },
          { name: 'last_image_id', type: 'varchar', length: '36', isNullable: true },
          { name: 'image_count', type: 'integer' },
          { name: 'imported_count', type: 'integer' },
          { name: 'left_out_count', type: 'integer' },
          { name: 'error', type: 'text', isNullable: true },
          { name: 'created_at', type: 'datetime', precision: 3 },
          { name: 'finished_at', type: 'datetime', precision: 3, isNullable: true },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('project_import', true);
  }
}
