import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePrediction1790000001007 implements MigrationInterface {
  name = 'CreatePrediction1790000001007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'prediction',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'iteration_id', type: 'varchar', length: '36' },
          { name: 'published_name', type: 'varchar', length: '255', isNullable: true },
          { name: 'results', type: 'text' },
          { name: 'duration_ms', type: 'double' },
          { name: 'is_stored', type: 'boolean' },
          { name: 'created_at', type: 'datetime', precision: 3 },
          { name: 'expires_at', type: 'datetime', precision: 3, isNullable: true },
        ],
        indices: [
          { name: 'IX_prediction_project_id_id', columnNames: ['project_id', 'id'] },
          { name: 'IX_prediction_project_id_iteration_id_id', columnNames: ['project_id', 'iteration_id', 'id'] },
          { name: 'IX_prediction_project_id_published_name_id', columnNames: ['project_id', 'published_name', 'id'] },
          { name: 'IX_prediction_expires_at', columnNames: ['expires_at'] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('prediction', true);
  }
}
