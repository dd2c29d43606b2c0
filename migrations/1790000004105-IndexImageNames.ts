import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const index = { name: 'IX_image_project_id_id_name', columnNames: ['project_id', 'id', 'name'] };
const isThere = async (runner: QueryRunner): Promise<boolean> =>
  Boolean((await runner.getTable('image'))?.indices.some(({ name }) => name === index.name));

export class IndexImageNames1790000004105 implements MigrationInterface {
  name = 'IndexImageNames1790000004105';

  async up(runner: QueryRunner): Promise<void> {
    if (!(await isThere(runner))) await runner.createIndex('image', new TableIndex(index));
  }

  async down(runner: QueryRunner): Promise<void> {
    if (await isThere(runner)) await runner.dropIndex('image', index.name);
  }
}
