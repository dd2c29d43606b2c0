import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddProjectExportPlatforms1790000006000 implements MigrationInterface {
  name = 'AddProjectExportPlatforms1790000006000';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('project', 'export_platforms')) return;
    await runner.addColumn('project', new TableColumn({ name: 'export_platforms', type: 'text', isNullable: true }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('project', 'export_platforms'))) return;
    await runner.dropColumn('project', 'export_platforms');
  }
}
