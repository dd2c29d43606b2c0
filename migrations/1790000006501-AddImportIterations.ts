import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const count = (name: string): TableColumn => new TableColumn({ name, type: 'integer', default: 0 });
const columns = [
  new TableColumn({ name: 'last_iteration_id', type: 'varchar', length: '36', isNullable: true }),
  count('iteration_count'),
  count('imported_iteration_count'),
  count('left_out_iteration_count'),
];

export class AddImportIterations1790000006501 implements MigrationInterface {
  name = 'AddImportIterations1790000006501';

  async up(runner: QueryRunner): Promise<void> {
    for (const column of columns)
      if (!(await runner.hasColumn('project_import', column.name))) await runner.addColumn('project_import', column);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of columns)
      if (await runner.hasColumn('project_import', name)) await runner.dropColumn('project_import', name);
  }
}
