import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddIterationIsTiled1790000006500 implements MigrationInterface {
  name = 'AddIterationIsTiled1790000006500';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('iteration', 'is_tiled')) return;
    await runner.addColumn('iteration', new TableColumn({ name: 'is_tiled', type: 'boolean', default: 0 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('iteration', 'is_tiled'))) return;
    await runner.dropColumn('iteration', 'is_tiled');
  }
}
