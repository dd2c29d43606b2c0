import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddPredictionApplication1790000006003 implements MigrationInterface {
  name = 'AddPredictionApplication1790000006003';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('prediction', 'application')) return;
    await runner.addColumn(
      'prediction',
      new TableColumn({ name: 'application', type: 'varchar', length: '255', isNullable: true }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('prediction', 'application'))) return;
    await runner.dropColumn('prediction', 'application');
  }
}
