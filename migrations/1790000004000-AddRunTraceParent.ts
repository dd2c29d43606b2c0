import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddRunTraceParent1790000004000 implements MigrationInterface {
  name = 'AddRunTraceParent1790000004000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.addColumn(
      'run',
      new TableColumn({ name: 'trace_parent', type: 'varchar', length: '55', isNullable: true }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('run', 'trace_parent');
  }
}
