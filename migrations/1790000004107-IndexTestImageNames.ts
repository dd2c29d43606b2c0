import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const index = { name: 'IX_image_project_id_is_test_id_name', columnNames: ['project_id', 'is_test', 'id', 'name'] };
const isThere = async (runner: QueryRunner): Promise<boolean> =>
  Boolean((await runner.getTable('image'))?.indices.some(({ name }) => name === index.name));

export class IndexTestImageNames1790000004107 implements MigrationInterface {
  name = 'IndexTestImageNames1790000004107';

  async up(runner: QueryRunner): Promise<void> {
    if (!(await isThere(runner))) await runner.createIndex('image', new TableIndex(index));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await isThere(runner)) await runner.dropIndex('image', index.name);
  }
}
