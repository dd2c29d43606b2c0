import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddPredictionUncertainty1790000006200 implements MigrationInterface {
  name = 'AddPredictionUncertainty1790000006200';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('prediction', 'uncertainty')) return;
    await runner.addColumn('prediction', new TableColumn({ name: 'uncertainty', type: 'double', default: 0 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('prediction', 'uncertainty'))) return;
    await runner.dropColumn('prediction', 'uncertainty');
  }
}
