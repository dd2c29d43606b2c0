import { In, type SelectQueryBuilder } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { SuggestedTag } from '../../../schema/entities/suggested-tag.entity.ts';
import { Suggestion } from '../../../schema/entities/suggestion.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { SuggestionOrder } from '../../../schema/enums.ts';
import { pageByNumber, type Page } from '../../connection.ts';
import { checkCount, checkFraction } from '../../input-checks.ts';
import { maxTagIds } from '../images/image.input.ts';
import {
  leastSuggested,
  type SuggestedTagCount,
  type SuggestionFilterInput,
  type SuggestionListArgs,
} from './suggestion.input.ts';

type Filter = SuggestionFilterInput | null | undefined;

/** A page in the order of uncertainty; the filter looks up the tags of each suggestion on the way. */
export function listSuggestions(
  database: Database,
  iterationId: string,
  { filter, orderBy, ...page }: SuggestionListArgs,
): Promise<Page<Suggestion>> {
  const query = database.read.getRepository(Suggestion).createQueryBuilder('suggestion');
  query.useIndex('IX_suggestion_iteration_id_uncertainty_id').where({ iterationId });
  addFilter(query, filter);
  const direction = orderBy === SuggestionOrder.MOST_UNCERTAIN ? 'DESC' : 'ASC';
  return pageByNumber(query, { property: 'uncertainty', direction }, page);
}

function addFilter(query: SelectQueryBuilder<Suggestion>, filter: Filter): void {
  const tagIds = checkedTagIds(filter);
  const threshold = checkedThreshold(filter);
  if (tagIds === null && threshold <= leastSuggested) return;
  const tags = query.subQuery().select('1').from(SuggestedTag, 'suggested');
  tags.where('suggested.suggestionId = suggestion.id AND suggested.probability >= :threshold');
  if (tagIds) tags.andWhere('suggested.tagId IN (:...tagIds)');
  query.andWhere(`EXISTS ${tags.getQuery()}`, { threshold, tagIds });
}

/** For how many images the iteration suggests each tag; the tags of the project, also those that it suggests for none. */
export async function countSuggestedTags(
  database: Database,
  { id: iterationId, projectId }: Pick<Iteration, 'id' | 'projectId'>,
  filter: Filter,
): Promise<SuggestedTagCount[]> {
  const { manager } = database.read;
  const threshold = checkedThreshold(filter);
  const named = checkedTagIds(filter);
  const where = named ? { projectId, id: In(named) } : { projectId };
  const tagIds = (await manager.find(Tag, { where, order: { id: 'ASC' } })).map(({ id }) => id);
  if (tagIds.length === 0) return [];
  const rows = await manager
    .createQueryBuilder(SuggestedTag, 'suggested')
    .select('suggested.tagId', 'tagId')
    .addSelect('COUNT(*)', 'count')
    .where({ iterationId, tagId: In(tagIds) })
    .andWhere('suggested.probability >= :threshold', { threshold })
    .groupBy('suggested.tagId')
    .getRawMany<{ tagId: string; count: number | string }>();
  const counts = new Map(rows.map(({ tagId, count }) => [tagId, Number(count)]));
  return tagIds.map((tagId) => ({ tagId, imageCount: counts.get(tagId) ?? 0 }));
}

/** Null: whatever they are. */
function checkedTagIds(filter: Filter): string[] | null {
  if (!filter?.tagIds?.length) return null;
  const ids = [...new Set(filter.tagIds)];
  checkCount('tagIds', ids, maxTagIds);
  return ids;
}

const checkedThreshold = (filter: Filter): number => checkFraction('threshold', filter?.threshold ?? 0);
