import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';

export class CreateRun1790000000002 implements MigrationInterface {
  name = 'CreateRun1790000000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'run',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'name', type: 'varchar', length: '64' },
          { name: 'run_group', type: 'varchar', length: '36', isNullable: true },
          { name: 'input', type: 'text' },
          { name: 'status', type: 'varchar', length: '16' },
          { name: 'cancel_requested', type: 'boolean', default: '0' },
          { name: 'result', type: 'text', isNullable: true },
          { name: 'error', type: 'text', isNullable: true },
          { name: 'lease_owner', type: 'varchar', length: '36', isNullable: true },
          { name: 'lease_until', type: 'bigint', isNullable: true },
          { name: 'created_at', type: 'bigint' },
          { name: 'started_at', type: 'bigint', isNullable: true },
          { name: 'finished_at', type: 'bigint', isNullable: true },
        ],
        indices: [{ name: 'run_status_index', columnNames: ['status', 'created_at'] }],
      }),
      true,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('run', true);
  }
}
