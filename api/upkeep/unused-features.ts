import { Brackets, In } from 'typeorm';
import type { Database } from '../../infra/database/database.ts';
import { CachedFeature } from '../../schema/entities/cached-feature.entity.ts';
import { Image } from '../../schema/entities/image.entity.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { IterationStatus } from '../../schema/enums.ts';

/** Rows looked at in one query; few enough for the parameters that a statement may have. */
const batchSize = 300;

/**
 * Forgets the cached features of pictures that no project has any more; a pack of which none is left is then an orphan.
 * Waits while anything trains, since a training may still need pictures that were deleted after its snapshot. Returns how
 * many were forgotten.
 */
export async function forgetUnusedFeatures(database: Database, signal: AbortSignal): Promise<number> {
  const training = In([IterationStatus.QUEUED, IterationStatus.TRAINING]);
  let forgotten = 0;
  let last: CachedFeature | undefined;
  do {
    if (signal.aborted || (await database.read.manager.existsBy(Iteration, { status: training }))) break;
    const rows = await nextRows(database, last);
    last = rows.at(-1);
    const unused = await withoutImage(database, rows);
    await database.transact(async (manager) => {
      for (const { extractor, sha256 } of unused) await manager.delete(CachedFeature, { extractor, sha256 });
    });
    forgotten += unused.length;
  } while (last);
  return forgotten;
}

function nextRows(database: Database, last: CachedFeature | undefined): Promise<CachedFeature[]> {
  const query = database.read.getRepository(CachedFeature).createQueryBuilder('feature');
  if (last)
    query
      .where('feature.extractor > :extractor', { extractor: last.extractor })
      .orWhere(
        new Brackets((same) => same.where('feature.extractor = :extractor').andWhere('feature.sha256 > :sha256')),
        { sha256: last.sha256 },
      );
  return query.orderBy('feature.extractor').addOrderBy('feature.sha256').take(batchSize).getMany();
}

async function withoutImage(database: Database, rows: readonly CachedFeature[]): Promise<CachedFeature[]> {
  if (rows.length === 0) return [];
  const contents = rows.map(({ sha256 }) => sha256);
  const images = await database.read.manager.find(Image, { where: { sha256: In(contents) }, select: { sha256: true } });
  const used = new Set(images.map(({ sha256 }) => sha256));
  return rows.filter(({ sha256 }) => !used.has(sha256));
}
