import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const index = new TableIndex({ name: 'IX_image_sha256', columnNames: ['sha256'] });

export class IndexImageContent1790000004100 implements MigrationInterface {
  name = 'IndexImageContent1790000004100';

  async up(runner: QueryRunner): Promise<void> {
    const table = await runner.getTable('image');
    if (!table?.indices.some(({ name }) => name === index.name)) await runner.createIndex('image', index);
  }

  async down(runner: QueryRunner): Promise<void> {
    const table = await runner.getTable('image');
    if (table?.indices.some(({ name }) => name === index.name)) await runner.dropIndex('image', index);
  }
}
