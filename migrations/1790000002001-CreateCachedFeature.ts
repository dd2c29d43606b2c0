import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateCachedFeature1790000002001 implements MigrationInterface {
  name = 'CreateCachedFeature1790000002001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'cached_feature',
        columns: [
          { name: 'extractor', type: 'varchar', length: '128', isPrimary: true },
          { name: 'sha256', type: 'varchar', length: '64', isPrimary: true },
          { name: 'pack_id', type: 'varchar', length: '36' },
          { name: 'pack_index', type: 'integer' },
        ],
        indices: [{ name: 'IX_cached_feature_pack_id', columnNames: ['pack_id'] }],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('cached_feature', true);
  }
}
