import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateProject1790000001000 implements MigrationInterface {
  name = 'CreateProject1790000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'project',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'name', type: 'varchar', length: '255' },
          { name: 'description', type: 'text' },
          { name: 'kind', type: 'varchar', length: '32' },
          { name: 'classification_type', type: 'varchar', length: '32', isNullable: true },
          { name: 'domain_id', type: 'varchar', length: '36' },
          { name: 'content_version', type: 'integer' },
          { name: 'created_at', type: 'datetime', precision: 3 },
          { name: 'updated_at', type: 'datetime', precision: 3 },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('project', true);
  }
}
