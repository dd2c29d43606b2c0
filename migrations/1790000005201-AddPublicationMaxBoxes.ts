import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddPublicationMaxBoxes1790000005201 implements MigrationInterface {
  name = 'AddPublicationMaxBoxes1790000005201';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('publication', 'max_boxes')) return;
    await runner.addColumn('publication', new TableColumn({ name: 'max_boxes', type: 'integer', default: 200 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('publication', 'max_boxes'))) return;
    await runner.dropColumn('publication', 'max_boxes');
  }
}
