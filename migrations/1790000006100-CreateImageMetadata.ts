import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateImageMetadata1790000006100 implements MigrationInterface {
  name = 'CreateImageMetadata1790000006100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'image_metadata',
        columns: [
          { name: 'image_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'name', type: 'varchar', length: '128', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'value', type: 'varchar', length: '256' },
        ],
        indices: [{ name: 'IX_image_metadata_project_id_image_id', columnNames: ['project_id', 'image_id'] }],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('image_metadata', true);
  }
}
