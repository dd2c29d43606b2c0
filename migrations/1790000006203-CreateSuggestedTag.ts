import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSuggestedTag1790000006203 implements MigrationInterface {
  name = 'CreateSuggestedTag1790000006203';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'suggested_tag',
        columns: [
          { name: 'suggestion_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'tag_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'iteration_id', type: 'varchar', length: '36' },
          { name: 'probability', type: 'double' },
        ],
        indices: [
          {
            name: 'IX_suggested_tag_iteration_id_tag_id_probability',
            columnNames: ['iteration_id', 'tag_id', 'probability'],
          },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('suggested_tag', true);
  }
}
