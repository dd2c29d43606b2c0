import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddProjectUntaggedImageCount1790000004101 implements MigrationInterface {
  name = 'AddProjectUntaggedImageCount1790000004101';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('project', 'untagged_image_count')) return;
    await runner.addColumn('project', new TableColumn({ name: 'untagged_image_count', type: 'integer', default: 0 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('project', 'untagged_image_count'))) return;
    await runner.dropColumn('project', 'untagged_image_count');
  }
}
