import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddIterationBudgetMinutes1790000005100 implements MigrationInterface {
  name = 'AddIterationBudgetMinutes1790000005100';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('iteration', 'budget_minutes')) return;
    await runner.addColumn('iteration', new TableColumn({ name: 'budget_minutes', type: 'integer', isNullable: true }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('iteration', 'budget_minutes'))) return;
    await runner.dropColumn('iteration', 'budget_minutes');
  }
}
