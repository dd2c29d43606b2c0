import type { SelectQueryBuilder } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { PredictionOrder } from '../../../schema/enums.ts';
import { cursorAfter, pageById, pageByNumber, type Page, type PageArgs } from '../../connection.ts';

/** Which stored predictions are wanted. What is null restricts nothing. */
export interface PredictionQuery {
  orderBy: PredictionOrder;
  /** At most so many. */
  limit: number;
  /** Where the page before ended. */
  after: string | null;
  iterationId: string | null;
  application: string | null;
  from: Date | null;
  to: Date | null;
  /** An answer must have one of these tags with a probability within the bounds; empty: any answer. */
  tags: readonly { id: string; min: number; max: number }[];
}

export interface PredictionQueryPage {
  predictions: Prediction[];
  /** Null at the end. */
  next: string | null;
}

/** Rows looked at in one statement, and for one page: a rare tag must not hold up the database. */
const rowsAtOnce = 200;
const rowsForPage = 5000;

export async function queryPredictions(
  database: Database,
  projectId: string,
  query: PredictionQuery,
): Promise<PredictionQueryPage> {
  const found: Prediction[] = [];
  let after = query.after;
  for (let looked = 0; looked < rowsForPage; looked += rowsAtOnce) {
    const page = await orderedPage(rowsOf(database, projectId, query), query.orderBy, { first: rowsAtOnce, after });
    for (const row of page.nodes) {
      if (found.length === query.limit) return { predictions: found, next: after };
      after = cursorAfter(page, row);
      if (hasWantedTag(row, query)) found.push(row);
    }
    if (!page.hasNextPage) return { predictions: found, next: null };
  }
  return { predictions: found, next: after };
}

/** A page of stored predictions in one of their orders. */
export function orderedPage(
  rows: SelectQueryBuilder<Prediction>,
  orderBy: PredictionOrder,
  page: PageArgs,
): Promise<Page<Prediction>> {
  if (orderBy === PredictionOrder.MOST_UNCERTAIN)
    return pageByNumber(rows, { property: 'uncertainty', direction: 'DESC' }, page);
  return pageById(rows, page, orderBy === PredictionOrder.OLDEST ? 'ASC' : 'DESC');
}

/** Answers lie in one column as JSON, so that tags are looked for here and the rest in the database. */
function hasWantedTag({ results }: Prediction, { tags }: PredictionQuery): boolean {
  if (tags.length === 0) return true;
  return tags.some(({ id, min, max }) =>
    results.some(({ tagId, probability }) => tagId === id && probability >= min && probability <= max),
  );
}

function rowsOf(database: Database, projectId: string, query: PredictionQuery): SelectQueryBuilder<Prediction> {
  const rows = database.read.getRepository(Prediction).createQueryBuilder('row').where({ projectId });
  if (query.iterationId !== null) rows.andWhere({ iterationId: query.iterationId });
  if (query.application !== null) rows.andWhere({ application: query.application });
  if (query.from !== null) rows.andWhere('row.createdAt >= :from', { from: query.from });
  if (query.to !== null) rows.andWhere('row.createdAt <= :to', { to: query.to });
  return rows;
}
