import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateShardProgress1790000002002 implements MigrationInterface {
  name = 'CreateShardProgress1790000002002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'shard_progress',
        columns: [
          { name: 'iteration_id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'shard', type: 'integer', isPrimary: true },
          { name: 'image_count', type: 'integer' },
          { name: 'done_count', type: 'integer' },
          { name: 'extracted_count', type: 'integer' },
          { name: 'started_at', type: 'bigint' },
          { name: 'updated_at', type: 'bigint' },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('shard_progress', true);
  }
}
