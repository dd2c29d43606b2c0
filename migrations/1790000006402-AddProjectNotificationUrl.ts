import { TableColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddProjectNotificationUrl1790000006402 implements MigrationInterface {
  name = 'AddProjectNotificationUrl1790000006402';

  async up(runner: QueryRunner): Promise<void> {
    if (await runner.hasColumn('project', 'notification_url')) return;
    await runner.addColumn('project', new TableColumn({ name: 'notification_url', type: 'text', isNullable: true }));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await runner.hasColumn('project', 'notification_url'))) return;
    await runner.dropColumn('project', 'notification_url');
  }
}
