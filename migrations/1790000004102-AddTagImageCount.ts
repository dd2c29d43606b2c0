import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddTagImageCount1790000004102 implements MigrationInterface {
  name = 'AddTagImageCount1790000004102';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('tag', 'image_count')) return;
    await runner.addColumn('tag', new TableColumn({ name: 'image_count', type: 'integer', default: 0 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('tag', 'image_count'))) return;
    await runner.dropColumn('tag', 'image_count');
  }
}
