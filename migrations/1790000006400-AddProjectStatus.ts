import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddProjectStatus1790000006400 implements MigrationInterface {
  name = 'AddProjectStatus1790000006400';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('project', 'status')) return;
    await runner.addColumn(
      'project',
      new TableColumn({ name: 'status', type: 'varchar', length: '32', default: "'READY'" }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('project', 'status'))) return;
    await runner.dropColumn('project', 'status');
  }
}
