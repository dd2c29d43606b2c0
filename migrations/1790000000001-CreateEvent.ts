import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';

export class CreateEvent1790000000001 implements MigrationInterface {
  name = 'CreateEvent1790000000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'event',
        columns: [
          { name: 'id', type: 'integer', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
          { name: 'topic', type: 'varchar', length: '64' },
          { name: 'entity_id', type: 'varchar', length: '36' },
          { name: 'project_id', type: 'varchar', length: '36', isNullable: true },
          { name: 'payload', type: 'text' },
          { name: 'created_at', type: 'bigint' },
        ],
        indices: [{ name: 'event_entity_id_index', columnNames: ['entity_id', 'id'] }],
      }),
      true,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('event', true);
  }
}
