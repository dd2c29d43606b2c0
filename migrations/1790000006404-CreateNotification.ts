import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateNotification1790000006404 implements MigrationInterface {
  name = 'CreateNotification1790000006404';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'notification',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'project_id', type: 'varchar', length: '36' },
          { name: 'subject', type: 'varchar', length: '32' },
          { name: 'entity_id', type: 'varchar', length: '36', isNullable: true },
          { name: 'is_success', type: 'boolean' },
          { name: 'status', type: 'varchar', length: '32' },
          { name: 'attempts', type: 'integer' },
          { name: 'next_attempt_at', type: 'bigint' },
          { name: 'last_error', type: 'text', isNullable: true },
          { name: 'created_at', type: 'datetime', precision: 3 },
          { name: 'delivered_at', type: 'datetime', precision: 3, isNullable: true },
        ],
        indices: [
          { name: 'IX_notification_project_id_id', columnNames: ['project_id', 'id'] },
          { name: 'IX_notification_status_next_attempt_at', columnNames: ['status', 'next_attempt_at'] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('notification', true);
  }
}
