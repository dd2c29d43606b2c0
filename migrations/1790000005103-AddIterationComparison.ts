import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddIterationComparison1790000005103 implements MigrationInterface {
  name = 'AddIterationComparison1790000005103';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('iteration', 'comparison')) return;
    await runner.addColumn('iteration', new TableColumn({ name: 'comparison', type: 'text', isNullable: true }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('iteration', 'comparison'))) return;
    await runner.dropColumn('iteration', 'comparison');
  }
}
