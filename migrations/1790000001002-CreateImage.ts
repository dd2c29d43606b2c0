import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateImage1790000001002 implements MigrationInterface {
  name = 'CreateImage1790000001002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'image',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'name', type: 'varchar', length: '255' },
          { name: 'sha256', type: 'varchar', length: '64' },
          { name: 'perceptual_hash', type: 'varchar', length: '16' },
          { name: 'format', type: 'varchar', length: '32' },
          { name: 'width', type: 'integer' },
          { name: 'height', type: 'integer' },
          { name: 'size_bytes', type: 'integer' },
          { name: 'is_test', type: 'boolean' },
          { name: 'created_at', type: 'datetime', precision: 3 },
        ],
        indices: [
          { name: 'UQ_image_project_id_sha256', columnNames: ['project_id', 'sha256'], isUnique: true },
          { name: 'IX_image_project_id_id_name', columnNames: ['project_id', 'id', 'name'] },
          { name: 'IX_image_project_id_is_test_id_name', columnNames: ['project_id', 'is_test', 'id', 'name'] },
          { name: 'IX_image_sha256', columnNames: ['sha256'] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('image', true);
  }
}
