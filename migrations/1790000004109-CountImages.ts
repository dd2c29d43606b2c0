import type { MigrationInterface, QueryRunner } from 'typeorm';

const imagesAtOnce = 10_000;
const isLinked = 'EXISTS (SELECT 1 FROM image_tag link WHERE link.image_id = image.id)';

/** Fills what the four columns before it tell. Each statement stands alone, so that it can be repeated. */
export class CountImages1790000004109 implements MigrationInterface {
  name = 'CountImages1790000004109';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (let after = ''; ;) {
      const last = await lastOfBatch(runner, after);
      if (last === null) break;
      await runner.query(
        `UPDATE image SET is_tagged = 1 WHERE id > '${after}' AND id <= '${last}' AND is_tagged = 0 AND ${isLinked}`,
      );
      after = last;
    }
    await runner.query('UPDATE tag SET image_count = (SELECT COUNT(*) FROM image_tag WHERE tag_id = tag.id)');
    const count = (condition: string): string =>
      `(SELECT COUNT(*) FROM image WHERE project_id = project.id${condition})`;
    await runner.query(
      `UPDATE project SET image_count = ${count('')}, untagged_image_count = ${count(' AND is_tagged = 0')}`,
    );
  }

  /** The columns go with the migrations that made them. */
  async down(): Promise<void> {}
}

async function lastOfBatch(runner: QueryRunner, after: string): Promise<string | null> {
  const batch = `SELECT id FROM image WHERE id > '${after}' ORDER BY id LIMIT ${imagesAtOnce}`;
  const [row] = (await runner.query(`SELECT MAX(id) AS last FROM (${batch}) batch`)) as [{ last: string | null }];
  return row.last;
}
