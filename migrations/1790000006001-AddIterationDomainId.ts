import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddIterationDomainId1790000006001 implements MigrationInterface {
  name = 'AddIterationDomainId1790000006001';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('iteration', 'domain_id')) return;
    await runner.addColumn(
      'iteration',
      new TableColumn({ name: 'domain_id', type: 'varchar', length: '36', isNullable: true }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('iteration', 'domain_id'))) return;
    await runner.dropColumn('iteration', 'domain_id');
  }
}
