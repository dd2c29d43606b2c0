import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddPublicationIouThreshold1790000005200 implements MigrationInterface {
  name = 'AddPublicationIouThreshold1790000005200';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('publication', 'iou_threshold')) return;
    await runner.addColumn('publication', new TableColumn({ name: 'iou_threshold', type: 'double', default: 0.45 }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('publication', 'iou_threshold'))) return;
    await runner.dropColumn('publication', 'iou_threshold');
  }
}
