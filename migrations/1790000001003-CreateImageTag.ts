import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateImageTag1790000001003 implements MigrationInterface {
  name = 'CreateImageTag1790000001003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'image_tag',
        columns: [
          { name: 'image_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'tag_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'created_at', type: 'datetime', precision: 3 },
        ],
        indices: [
          { name: 'IX_image_tag_tag_id_image_id', columnNames: ['tag_id', 'image_id'] },
          { name: 'IX_image_tag_project_id_image_id', columnNames: ['project_id', 'image_id'] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('image_tag', true);
  }
}
