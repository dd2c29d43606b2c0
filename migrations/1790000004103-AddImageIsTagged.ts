import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddImageIsTagged1790000004103 implements MigrationInterface {
  name = 'AddImageIsTagged1790000004103';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('image', 'is_tagged')) return;
    await runner.addColumn('image', new TableColumn({ name: 'is_tagged', type: 'boolean', default: 0 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('image', 'is_tagged'))) return;
    await runner.dropColumn('image', 'is_tagged');
  }
}
