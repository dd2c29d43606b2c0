import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddIterationInputSize1790000005101 implements MigrationInterface {
  name = 'AddIterationInputSize1790000005101';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('iteration', 'input_size')) return;
    await runner.addColumn('iteration', new TableColumn({ name: 'input_size', type: 'integer', isNullable: true }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('iteration', 'input_size'))) return;
    await runner.dropColumn('iteration', 'input_size');
  }
}
