import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const index = { name: 'IX_image_project_id_is_tagged_id', columnNames: ['project_id', 'is_tagged', 'id'] };
const isThere = async (runner: QueryRunner): Promise<boolean> =>
  Boolean((await runner.getTable('image'))?.indices.some(({ name }) => name === index.name));

export class IndexImageIsTagged1790000004104 implements MigrationInterface {
  name = 'IndexImageIsTagged1790000004104';

  async up(runner: QueryRunner): Promise<void> {
    if (!(await isThere(runner))) await runner.createIndex('image', new TableIndex(index));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await isThere(runner)) await runner.dropIndex('image', index.name);
  }
}
