import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateApiKeyDigest1790000001009 implements MigrationInterface {
  name = 'CreateApiKeyDigest1790000001009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'api_key_digest',
        columns: [
          { name: 'digest', type: 'varchar', length: '64', isPrimary: true },
          { name: 'api_key_id', type: 'varchar', length: '36' },
        ],
        indices: [{ name: 'IX_api_key_digest_api_key_id', columnNames: ['api_key_id'] }],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('api_key_digest', true);
  }
}
