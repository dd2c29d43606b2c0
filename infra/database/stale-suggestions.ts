import { In, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { SuggestedTag } from '../../schema/entities/suggested-tag.entity.ts';
import { Suggestion } from '../../schema/entities/suggestion.entity.ts';

/** Rows that go in one statement together. */
const forgottenAtOnce = 500;

/** Suggestions are for images without tags: they go when the image is tagged or goes, or the iteration does. */
export async function forgetSuggestions(manager: EntityManager, where: FindOptionsWhere<Suggestion>): Promise<void> {
  while ((await forgetSome(manager, where)) > 0);
}

/** Returns how many went. */
export async function forgetSome(manager: EntityManager, where: FindOptionsWhere<Suggestion>): Promise<number> {
  const some = await manager.find(Suggestion, { where, select: { id: true }, take: forgottenAtOnce });
  const ids = some.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await manager.delete(SuggestedTag, { suggestionId: In(ids) });
  await manager.delete(Suggestion, { id: In(ids) });
  return ids.length;
}
