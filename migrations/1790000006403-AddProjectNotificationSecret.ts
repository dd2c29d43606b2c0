import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddProjectNotificationSecret1790000006403 implements MigrationInterface {
  name = 'AddProjectNotificationSecret1790000006403';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('project', 'notification_secret')) return;
    await runner.addColumn(
      'project',
      new TableColumn({ name: 'notification_secret', type: 'varchar', length: '64', isNullable: true }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('project', 'notification_secret'))) return;
    await runner.dropColumn('project', 'notification_secret');
  }
}
