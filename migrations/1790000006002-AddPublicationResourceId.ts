import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddPublicationResourceId1790000006002 implements MigrationInterface {
  name = 'AddPublicationResourceId1790000006002';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('publication', 'resource_id')) return;
    await runner.addColumn(
      'publication',
      new TableColumn({ name: 'resource_id', type: 'varchar', length: '512', isNullable: true }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('publication', 'resource_id'))) return;
    await runner.dropColumn('publication', 'resource_id');
  }
}
