import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddProjectImageCount1790000004100 implements MigrationInterface {
  name = 'AddProjectImageCount1790000004100';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('project', 'image_count')) return;
    await runner.addColumn('project', new TableColumn({ name: 'image_count', type: 'integer', default: 0 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('project', 'image_count'))) return;
    await runner.dropColumn('project', 'image_count');
  }
}
