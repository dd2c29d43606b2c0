import type { SelectQueryBuilder } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { PredictionOrder } from '../../../schema/enums.ts';
import { DomainError } from '../../errors.ts';

/** Which stored predictions are wanted. What is null restricts nothing. */
export interface PredictionQuery {
  orderBy: PredictionOrder;
  /** At most so many. */
  limit: number;
  /** Place where the page before ended. */
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
  let place = query.after === null ? null : readPlace(query.after);
  for (let looked = 0; looked < rowsForPage; looked += rowsAtOnce) {
    const rows = await rowsAfter(database, projectId, query, place);
    for (const row of rows) {
      if (found.length === query.limit) return { predictions: found, next: writePlace(place) };
      place = row;
      if (hasWantedTag(row, query)) found.push(row);
    }
    if (rows.length < rowsAtOnce) return { predictions: found, next: null };
  }
  return { predictions: found, next: writePlace(place) };
}

/** Answers lie in one column as JSON, so that tags are looked for here and the rest in the database. */
function hasWantedTag({ results }: Prediction, { tags }: PredictionQuery): boolean {
  if (tags.length === 0) return true;
  return tags.some(({ id, min, max }) =>
    results.some(({ tagId, probability }) => tagId === id && probability >= min && probability <= max),
  );
}

type Place = Pick<Prediction, 'id' | 'uncertainty'>;

async function rowsAfter(
  database: Database,
  projectId: string,
  query: PredictionQuery,
  place: Place | null,
): Promise<Prediction[]> {
  const rows = database.read.getRepository(Prediction).createQueryBuilder('row').where({ projectId });
  if (query.iterationId !== null) rows.andWhere({ iterationId: query.iterationId });
  if (query.application !== null) rows.andWhere({ application: query.application });
  if (query.from !== null) rows.andWhere('row.createdAt >= :from', { from: query.from });
  if (query.to !== null) rows.andWhere('row.createdAt <= :to', { to: query.to });
  return ordered(rows, query.orderBy, place).take(rowsAtOnce).getMany();
}

function ordered(
  rows: SelectQueryBuilder<Prediction>,
  order: PredictionOrder,
  place: Place | null,
): SelectQueryBuilder<Prediction> {
  if (order === PredictionOrder.MOST_UNCERTAIN) {
    if (place)
      rows.andWhere('(row.uncertainty < :u OR (row.uncertainty = :u AND row.id < :id))', {
        u: place.uncertainty,
        id: place.id,
      });
    return rows.orderBy('row.uncertainty', 'DESC').addOrderBy('row.id', 'DESC');
  }
  const [sign, direction] = order === PredictionOrder.OLDEST ? (['>', 'ASC'] as const) : (['<', 'DESC'] as const);
  if (place) rows.andWhere(`row.id ${sign} :id`, { id: place.id });
  return rows.orderBy('row.id', direction);
}

function writePlace(place: Place | null): string | null {
  return place && Buffer.from(JSON.stringify([place.id, place.uncertainty])).toString('base64url');
}

function readPlace(text: string): Place {
  const match = /^\["([0-9a-f-]{36})",(\d[\d.e+-]*)\]$/.exec(Buffer.from(text, 'base64url').toString());
  if (match) return { id: match[1] as string, uncertainty: Number(match[2]) };
  throw new DomainError('INVALID', 'continuation is not one that this query gave.', { field: 'continuation' });
}
