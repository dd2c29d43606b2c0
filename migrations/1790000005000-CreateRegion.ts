import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRegion1790000005000 implements MigrationInterface {
  name = 'CreateRegion1790000005000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'region',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'image_id', type: 'varchar', length: '36' },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'tag_id', type: 'varchar', length: '36' },
          { name: 'box_left', type: 'double' },
          { name: 'box_top', type: 'double' },
          { name: 'box_width', type: 'double' },
          { name: 'box_height', type: 'double' },
          { name: 'created_at', type: 'datetime', precision: 3 },
        ],
        indices: [
          { name: 'IX_region_image_id_id', columnNames: ['image_id', 'id'] },
          { name: 'IX_region_tag_id', columnNames: ['tag_id'] },
          { name: 'IX_region_project_id_id', columnNames: ['project_id', 'id'] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('region', true);
  }
}
