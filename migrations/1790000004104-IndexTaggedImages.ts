import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const index = {
  name: 'IX_image_project_id_is_tagged_id_is_test_name',
  columnNames: ['project_id', 'is_tagged', 'id', 'is_test', 'name'],
};
const isThere = async (runner: QueryRunner): Promise<boolean> =>
  Boolean((await runner.getTable('image'))?.indices.some(({ name }) => name === index.name));

export class IndexTaggedImages1790000004104 implements MigrationInterface {
  name = 'IndexTaggedImages1790000004104';

  async up(runner: QueryRunner): Promise<void> {
    if (!(await isThere(runner))) await runner.createIndex('image', new TableIndex(index));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await isThere(runner)) await runner.dropIndex('image', index.name);
  }
}
