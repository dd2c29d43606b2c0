import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { newId } from '../schema/id.ts';

export interface Sizes {
  images: number;
  tags: number;
  predictions: number;
  projects: number;
  iterations: number;
}

/** What the queries of the benchmark need to know of the project. */
export interface LargeProject {
  projectId: string;
  /** The tag with the most images first. */
  tagIds: string[];
  iterationIds: string[];
  /** Ids of images at these shares of the list, oldest first. */
  imageIdsAt(shares: readonly number[]): Promise<string[]>;
  /** The oldest images that have a tag, in order. */
  taggedImageIds(count: number): Promise<string[]>;
  close(): Promise<void>;
}

const digits = Array.from({ length: 10 }, (_, i) => `SELECT ${i} AS d`).join(' UNION ALL ');
const rowsAtOnce = 100_000;
/** The numbers below one hundred thousand, in order. */
const numbers = `(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n
  FROM ${['a', 'b', 'c', 'd', 'e'].map((name) => `(${digits}) ${name}`).join(' CROSS JOIN ')} ORDER BY n) numbers`;
/** Ids of version 7 that grow with n, as those of uploads do. */
const idOf = (space: string, n: string): string =>
  `LOWER(CONCAT('${space}-', LPAD(HEX((${n}) DIV 65536), 4, '0'), '-7000-8000-', LPAD(HEX(${n}), 12, '0')))`;
/** A fixed number of 0 to 1 for each n. */
const chance = (salt: string, n: string): string => `(CRC32(CONCAT('${salt}', ${n})) / 4294967296)`;
const places = ['beach', 'street', 'shelf', 'machine', 'garden', 'harbour', 'kitchen'].map((word) => `'${word}'`);

/**
 * Rows as uploads would leave them, written by the database itself, which takes minutes instead of days. Tags are skewed:
 * the first stands on a fifth of the images, the last on few. One image in twenty has no tag, one in twenty is a test image,
 * one in ten thousand has a name of its own kind.
 */
export async function fillLargeProject(url: string, projectId: string, sizes: Sizes): Promise<LargeProject> {
  const connection = await mysql.createConnection({ uri: url, multipleStatements: true });
  await connection.query('SET SESSION unique_checks = 0');
  const run = (into: string, columns: string, values: string, count: number) =>
    insertNumbered(connection, { into, columns, values, count });
  await run(
    'image',
    'id, project_id, name, sha256, perceptual_hash, format, width, height, size_bytes, is_test, is_tagged, created_at',
    `${idOf('01900000', 'n')}, '${projectId}',
     CONCAT(IF(n % 10000 = 77, 'unicorn', ELT(1 + n % 7, ${places.join(', ')})), '-', LPAD(n, 7, '0'), '.jpg'),
     SHA2(n, 256), LPAD(HEX(CRC32(n)), 16, '0'), 'jpeg', 1920, 1080, 400000, n % 20 = 3, n % 20 <> 7, NOW(3)`,
    sizes.images,
  );
  await run(
    'tag',
    'id, project_id, name, description, type, created_at',
    `${idOf('01910000', 'n')}, '${projectId}', CONCAT('tag ', n), '', 'REGULAR', NOW(3)`,
    sizes.tags,
  );
  await tagImages(connection, projectId, sizes);
  await keepCounts(connection, projectId);
  const iterationIds = await addModels(connection, projectId, sizes.iterations);
  await run(
    'prediction',
    'id, project_id, iteration_id, published_name, results, duration_ms, is_stored, created_at',
    `${idOf('01920000', 'n')}, '${projectId}', ELT(1 + n % 3, ${iterationIds.slice(0, 3).map(quoted).join(', ')}),
     CONCAT('model-', n % 3), '[]', 25, 1, NOW(3)`,
    sizes.predictions,
  );
  await run(
    'project',
    'id, name, description, kind, classification_type, domain_id, content_version, created_at, updated_at',
    `${idOf('01930000', 'n')}, CONCAT(ELT(1 + n % 7, ${places.join(', ')}), ' of shop ', n), '', 'CLASSIFICATION', 'MULTICLASS',
     'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31', 0, NOW(3), NOW(3)`,
    sizes.projects,
  );
  await connection.query('ANALYZE TABLE image, tag, image_tag, prediction, project, iteration, publication');
  return describe(connection, projectId, iterationIds);
}

const quoted = (text: string): string => `'${text}'`;

async function insertNumbered(
  connection: Connection,
  { into, columns, values, count }: { into: string; columns: string; values: string; count: number },
): Promise<void> {
  for (let from = 0; from < count; from += rowsAtOnce) {
    const some = Math.min(rowsAtOnce, count - from);
    const source = `(SELECT n + ${from} AS n FROM ${numbers} WHERE n < ${some}) numbered`;
    await connection.query(`INSERT INTO ${into} (${columns}) SELECT ${values} FROM ${source} ORDER BY n`);
  }
}

/** Nineteen images in twenty have a tag, and half of those a second one, which may be the same by chance. */
async function tagImages(connection: Connection, projectId: string, { images, tags }: Sizes): Promise<void> {
  for (const [salt, condition] of [
    ['first', 'n % 20 <> 7'],
    ['second', 'n % 20 <> 7 AND n % 2 = 0'],
  ] as const)
    for (let from = 0; from < images; from += rowsAtOnce) {
      const source = `(SELECT n + ${from} AS n FROM ${numbers} WHERE n + ${from} < ${images}) numbered`;
      const tag = `FLOOR(${tags} * POW(${chance(salt, 'n')}, 4))`;
      await connection.query(
        `INSERT IGNORE INTO image_tag (image_id, tag_id, project_id, created_at)
         SELECT ${idOf('01900000', 'n')}, ${idOf('01910000', tag)}, '${projectId}', NOW(3)
         FROM ${source} WHERE ${condition} ORDER BY n`,
      );
    }
}

/** As the service keeps them with each change. */
async function keepCounts(connection: Connection, projectId: string): Promise<void> {
  await connection.query('UPDATE tag SET image_count = (SELECT COUNT(*) FROM image_tag WHERE tag_id = tag.id)');
  const count = (condition: string): string => `(SELECT COUNT(*) FROM image WHERE project_id = project.id${condition})`;
  await connection.query(
    `UPDATE project SET image_count = ${count('')}, untagged_image_count = ${count(' AND is_tagged = 0')} WHERE id = ?`,
    [projectId],
  );
}

/** Finished iterations; a third of them published. */
async function addModels(connection: Connection, projectId: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  for (const [index, id] of ids.entries()) {
    await connection.query('INSERT INTO iteration SET ?', [
      {
        id,
        project_id: projectId,
        name: `Iteration ${index + 1}`,
        status: 'COMPLETED',
        phase: 'DONE',
        fraction: 1,
        message: 'done',
        mode: 'QUICK',
        backbone: 'efficientnet-lite0',
        content_version: index,
        seed: 1,
        image_count: 0,
        warnings: '[]',
        created_at: new Date(),
        trained_at: new Date(),
      },
    ]);
    if (index % 3 > 0) continue;
    const publication = { id: newId(), project_id: projectId, iteration_id: id, created_at: new Date() };
    await connection.query('INSERT INTO publication SET ?', [{ ...publication, name: `model-${index}` }]);
  }
  return ids;
}

function describe(connection: Connection, projectId: string, iterationIds: string[]): Promise<LargeProject> {
  const idsOf = async (sql: string): Promise<string[]> => {
    const [rows] = await connection.query<RowDataPacket[]>(sql, [projectId]);
    return rows.map((row) => row['id'] as string);
  };
  const imageIdsAt = async (shares: readonly number[]): Promise<string[]> => {
    const [[{ count }]] = (await connection.query('SELECT COUNT(*) AS count FROM image WHERE project_id = ?', [
      projectId,
    ])) as unknown as [[{ count: number }]];
    const at = (share: number): number => Math.min(count - 1, Math.floor(share * count));
    const found = shares.map((share) =>
      idsOf(`SELECT id FROM image WHERE project_id = ? ORDER BY id LIMIT 1 OFFSET ${at(share)}`),
    );
    return (await Promise.all(found)).flat();
  };
  return idsOf('SELECT id FROM tag WHERE project_id = ? ORDER BY id').then((tagIds) => ({
    projectId,
    tagIds,
    iterationIds,
    imageIdsAt,
    taggedImageIds: (count) =>
      idsOf(`SELECT DISTINCT image_id AS id FROM image_tag WHERE project_id = ? ORDER BY image_id LIMIT ${count}`),
    close: () => connection.end(),
  }));
}
