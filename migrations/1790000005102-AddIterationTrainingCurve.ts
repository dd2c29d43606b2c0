import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddIterationTrainingCurve1790000005102 implements MigrationInterface {
  name = 'AddIterationTrainingCurve1790000005102';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('iteration', 'training_curve')) return;
    await runner.addColumn('iteration', new TableColumn({ name: 'training_curve', type: 'text', isNullable: true }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('iteration', 'training_curve'))) return;
    await runner.dropColumn('iteration', 'training_curve');
  }
}
