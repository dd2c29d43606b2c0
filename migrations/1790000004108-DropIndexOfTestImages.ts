import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const index = { name: 'IX_image_project_id_is_test_id', columnNames: ['project_id', 'is_test', 'id'] };
const isThere = async (runner: QueryRunner): Promise<boolean> =>
  Boolean((await runner.getTable('image'))?.indices.some(({ name }) => name === index.name));

/** The index with the name in it, made just before, does its work too. */
export class DropIndexOfTestImages1790000004108 implements MigrationInterface {
  name = 'DropIndexOfTestImages1790000004108';

  async up(runner: QueryRunner): Promise<void> {
    if (await isThere(runner)) await runner.dropIndex('image', index.name);
  }

  async down(runner: QueryRunner): Promise<void> {
    if (!(await isThere(runner))) await runner.createIndex('image', new TableIndex(index));
  }
}
