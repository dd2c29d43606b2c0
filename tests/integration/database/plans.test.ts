import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasMysql } from '../../backends/mysql.ts';
import { openObservedApi, owner, type ObservedApi, type Statement } from '../api/observed-api.ts';

const imageCount = 20_000;
const tagCount = 40;
const first = 50;

let api: ObservedApi;
let connection: Connection;
let projectId: string;
let tagIds: string[];
let cursor: string;

/** Rows as they would come by uploads, but by the database itself, which takes a second instead of an hour. */
async function fill(): Promise<void> {
  projectId = (await newProject('large')).id;
  const digits = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS d`).join(' UNION ALL ');
  const numbers = ['a', 'b', 'c', 'd', 'e'].map((name) => `(${digits}) ${name}`).join(' CROSS JOIN ');
  const number = 'a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d';
  const id = (n: string) => `CONCAT('01900000-0000-7000-8000-', LPAD(HEX(${n}), 12, '0'))`;
  const run = (sql: string, values: unknown[]) => connection.query(sql, values);
  await run(
    `INSERT INTO image (id, project_id, name, sha256, perceptual_hash, format, width, height, size_bytes, is_test, created_at)
     SELECT LOWER(${id('n')}), ?, CONCAT('photo ', n), SHA2(n, 256), '0', 'jpeg', 1, 1, 1, n % 10 = 0, NOW(3)
     FROM (SELECT ${number} AS n FROM ${numbers}) numbers WHERE n < ?`,
    [projectId, imageCount],
  );
  await run(
    `INSERT INTO tag (id, project_id, name, description, type, created_at)
     SELECT LOWER(CONCAT('01910000', SUBSTRING(${id('n')}, 9))), ?, CONCAT('tag ', n), '', 'REGULAR', NOW(3)
     FROM (SELECT ${number} AS n FROM ${numbers}) numbers WHERE n < ?`,
    [projectId, tagCount],
  );
  // Those of other projects, so that reading the whole table is never the cheapest way to a few.
  await run(
    `INSERT INTO tag (id, project_id, name, description, type, created_at)
     SELECT UUID(), UUID(), CONCAT('tag ', n), '', 'REGULAR', NOW(3)
     FROM (SELECT ${number} AS n FROM ${numbers}) numbers WHERE n < ?`,
    [imageCount],
  );
  // Each image has the tags n and n + 1, but every twentieth has none.
  await run(
    `INSERT INTO image_tag (image_id, tag_id, project_id, created_at)
     SELECT i.id, t.id, i.project_id, NOW(3) FROM image i JOIN tag t ON t.project_id = i.project_id
     WHERE i.project_id = ? AND SUBSTRING(i.name, 7) % 20 > 0
       AND (SUBSTRING(i.name, 7) + SUBSTRING(t.name, 5)) % ${tagCount} < 2`,
    [projectId],
  );
  await run(
    `INSERT INTO prediction (id, project_id, iteration_id, published_name, results, duration_ms, is_stored, created_at)
     SELECT id, project_id, ?, 'live', '[]', 1, 1, NOW(3) FROM image WHERE SUBSTRING(name, 7) % 4 = 0`,
    [projectId],
  );
  await connection.query(
    'UPDATE image SET is_tagged = EXISTS (SELECT 1 FROM image_tag link WHERE link.image_id = image.id)',
  );
  await connection.query('UPDATE tag SET image_count = (SELECT COUNT(*) FROM image_tag WHERE tag_id = tag.id)');
  await connection.query('ANALYZE TABLE image, tag, image_tag, prediction, project, iteration');
  const [tags] = await connection.query<RowDataPacket[]>('SELECT id FROM tag WHERE project_id = ? ORDER BY id', [
    projectId,
  ]);
  tagIds = tags.map((row) => row['id'] as string);
  const [middle] = await connection.query<RowDataPacket[]>('SELECT id FROM image ORDER BY id LIMIT 1 OFFSET 10000');
  cursor = Buffer.from(middle[0]?.['id'] as string).toString('base64url');
}

const newProject = (name: string) =>
  api.services.projects.create(owner, {
    name,
    description: '',
    kind: 'CLASSIFICATION' as never,
    classificationType: 'MULTILABEL' as never,
    domainId: 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
  });

/** As the reading driver sends it. */
const sent = (sql: string): string => sql.replace(' USE INDEX (', ' FORCE INDEX (');

/** Rows that the server really touched for a statement, index entries included. */
async function rowsRead({ sql, parameters }: Statement): Promise<number> {
  await connection.query('FLUSH STATUS');
  await connection.query(sent(sql), parameters);
  const [counters] = await connection.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Handler_read%'");
  return counters.reduce((sum, counter) => sum + Number(counter['Value']), 0);
}

/** Tables of the plan that are read from end to end, without an index. */
async function scannedTables({ sql, parameters }: Statement): Promise<string[]> {
  const [plan] = await connection.query<RowDataPacket[]>(`EXPLAIN ${sent(sql)}`, parameters);
  return plan
    .filter((row) => row['type'] === 'ALL' && !(row['table'] as string).startsWith('<derived'))
    .map((row) => row['table'] as string);
}

describe.skipIf(!hasMysql)('on MySQL, with 20,000 images and 40 tags', () => {
  beforeAll(async () => {
    api = await openObservedApi();
    connection = await mysql.createConnection(api.settings['TAGLENS_DATABASE_URL'] as string);
    await fill();
  });
  afterAll(async () => {
    await connection.end();
    await api.close();
  });

  const images = (args: string, wanted = 'nodes { id tags { id } }') =>
    `{ project(id: "${projectId}") { images(first: ${first}${args}) { ${wanted} } } }`;
  const tagsNo = (...numbers: number[]) => JSON.stringify(numbers.map((number) => tagIds[number]));
  const pages: Record<string, () => string> = {
    'newest images': () => images(''),
    'oldest images': () => images(', orderBy: OLDEST'),
    'a page from the middle': () => images(`, after: "${cursor}"`),
    'tagged images': () => images(', filter: { isTagged: true }'),
    'untagged images': () => images(', filter: { isTagged: false }'),
    'test images': () => images(', filter: { isTest: true }'),
    'tagged test images': () => images(', filter: { isTagged: true, isTest: true }'),
    'untagged images, oldest first': () => images(', orderBy: OLDEST, filter: { isTagged: false }'),
    'images of one tag': () => images(`, filter: { tagIds: ${tagsNo(5)} }`),
    'test images of one tag': () => images(`, filter: { tagIds: ${tagsNo(6)}, isTest: true }`),
    'images of one tag by name': () => images(`, filter: { tagIds: ${tagsNo(6)}, search: "1" }`),
    'images of one tag, from the middle': () => images(`, after: "${cursor}", filter: { tagIds: ${tagsNo(5)} }`),
    'images of any of three tags': () => images(`, filter: { tagIds: ${tagsNo(5, 12, 30)}, tagMatch: ANY }`),
    'images of two tags together': () => images(`, filter: { tagIds: ${tagsNo(5, 6)}, tagMatch: ALL }`),
    'images by name': () => images(', filter: { search: "1" }'),
    'tags on images': () => images('', 'nodes { tags { id name } }'),
    projects: () => `{ projects(first: ${first}) { nodes { id tags { id } publications { id } } } }`,
    iterations: () => `{ project(id: "${projectId}") { iterations(first: ${first}) { nodes { id } } } }`,
    predictions: () => `{ predictions(projectId: "${projectId}", first: ${first}) { nodes { id } } }`,
    'predictions from the middle': () =>
      `{ predictions(projectId: "${projectId}", first: ${first}, after: "${cursor}") { nodes { id } } }`,
    'predictions of a name': () =>
      `{ predictions(projectId: "${projectId}", first: ${first}, publishedName: "live") { nodes { id } } }`,
    'predictions of an iteration': () =>
      `{ predictions(projectId: "${projectId}", first: ${first}, iterationId: "${projectId}") { nodes { id } } }`,
  };
  test.each(Object.keys(pages))(
    '%s: a page is found by an index, and reads little more than it shows',
    async (name) => {
      for (const statement of await api.statementsOf((pages[name] as () => string)())) {
        expect(await scannedTables(statement), statement.sql).toEqual([]);
        expect(await rowsRead(statement), statement.sql).toBeLessThan(60 * first);
      }
    },
  );

  const counts: Record<string, () => string> = {
    images: () => images('', 'totalCount'),
    'tagged images': () => images(', filter: { isTagged: true }', 'totalCount'),
    'images of one tag': () => images(`, filter: { tagIds: ${tagsNo(5)} }`, 'totalCount'),
    'untagged test images': () => images(', filter: { isTagged: false, isTest: true }', 'totalCount'),
    'images by name': () => images(', filter: { search: "1" }', 'totalCount'),
    'images of any of two tags': () => images(`, filter: { tagIds: ${tagsNo(5, 6)} }`, 'totalCount'),
    'images of two tags': () => images(`, filter: { tagIds: ${tagsNo(5, 6)}, tagMatch: ALL }`, 'totalCount'),
    'a project': () => `{ project(id: "${projectId}") { imageCount untaggedImageCount tags { imageCount } } }`,
    predictions: () => `{ predictions(projectId: "${projectId}", first: 1) { totalCount } }`,
  };
  test.each(Object.keys(counts))('%s: counting goes over an index', async (name) => {
    for (const statement of await api.statementsOf((counts[name] as () => string)()))
      expect(await scannedTables(statement), statement.sql).toEqual([]);
  });

  test('a plan that reads everything would be seen', async () => {
    const wasteful = { sql: 'SELECT * FROM image WHERE width = ? LIMIT 50', parameters: [2] };
    expect(await scannedTables(wasteful)).toEqual(['image']);
    expect(await rowsRead(wasteful)).toBeGreaterThan(imageCount);
  });
});
