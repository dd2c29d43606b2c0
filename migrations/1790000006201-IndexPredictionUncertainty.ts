import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const index = {
  name: 'IX_prediction_project_id_uncertainty_id',
  columnNames: ['project_id', 'uncertainty', 'id'],
};
const isThere = async (runner: QueryRunner): Promise<boolean> =>
  Boolean((await runner.getTable('prediction'))?.indices.some(({ name }) => name === index.name));

export class IndexPredictionUncertainty1790000006201 implements MigrationInterface {
  name = 'IndexPredictionUncertainty1790000006201';

  async up(runner: QueryRunner): Promise<void> {
    if (!(await isThere(runner))) await runner.createIndex('prediction', new TableIndex(index));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await isThere(runner)) await runner.dropIndex('prediction', index.name);
  }
}
