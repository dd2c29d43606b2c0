import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSuggestion1790000006202 implements MigrationInterface {
  name = 'CreateSuggestion1790000006202';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'suggestion',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'iteration_id', type: 'varchar', length: '36' },
          { name: 'image_id', type: 'varchar', length: '36' },
          { name: 'results', type: 'text' },
          { name: 'uncertainty', type: 'double' },
          { name: 'created_at', type: 'datetime', precision: 3 },
          { name: 'expires_at', type: 'datetime', precision: 3 },
        ],
        indices: [
          { name: 'IX_suggestion_iteration_id_uncertainty_id', columnNames: ['iteration_id', 'uncertainty', 'id'] },
          {
            name: 'UQ_suggestion_image_id_iteration_id',
            columnNames: ['image_id', 'iteration_id'],
            isUnique: true,
          },
          { name: 'IX_suggestion_project_id', columnNames: ['project_id'] },
          { name: 'IX_suggestion_expires_at', columnNames: ['expires_at'] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('suggestion', true);
  }
}
