import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddIterationProgressedAt1790000002003 implements MigrationInterface {
  name = 'AddIterationProgressedAt1790000002003';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('iteration', 'progressed_at')) return;
    await runner.addColumn('iteration', new TableColumn({ name: 'progressed_at', type: 'bigint', default: 0 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('iteration', 'progressed_at'))) return;
    await runner.dropColumn('iteration', 'progressed_at');
  }
}
