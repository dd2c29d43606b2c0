import type { EntityManager } from 'typeorm';
import { In } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { PredictionResult } from '../../../schema/entities/prediction-result.ts';
import type { Suggestion } from '../../../schema/entities/suggestion.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { ClassificationType, TagType } from '../../../schema/enums.ts';
import type { ImagesUnderLock } from '../images/image.service.ts';
import { isDrawable } from '../regions/drawing.ts';
import type { NewRegionInput } from '../regions/region.input.ts';
import { attachTags, tagRules, tagsOf } from '../tags/tagging.ts';
import type { AcceptSuggestionsInput } from './suggestion.input.ts';

/** What of a suggestion goes on its image, the most probable first. */
export interface Acceptance {
  imageId: string;
  results: PredictionResult[];
}

export interface AcceptanceRule {
  /** Null for detection. */
  classificationType: ClassificationType | null;
  threshold: number;
  /** Tags that may be accepted, by id. */
  tags: ReadonlyMap<string, Tag>;
}

/** What of an answer is sure enough. */
export function acceptedResults(results: readonly PredictionResult[], rule: AcceptanceRule): PredictionResult[] {
  // Of a multi-class answer the first alone counts: when it is not wanted, the second is not what the image shows.
  const said = rule.classificationType === ClassificationType.MULTICLASS ? results.slice(0, 1) : results;
  const accepted = said.filter(({ tagId, probability }) => probability >= rule.threshold && rule.tags.has(tagId));
  const isNegative = ({ tagId }: PredictionResult): boolean => rule.tags.get(tagId)?.type === TagType.NEGATIVE;
  // «None of the regular tags» cannot stand beside one.
  return accepted.every(isNegative) ? accepted : accepted.filter((result) => !isNegative(result));
}

/** Leaves out suggestions of which nothing is sure enough. A tag that was trained may be deleted since: it is passed over. */
export async function acceptAll(
  { manager, project }: ImagesUnderLock,
  suggestions: readonly Suggestion[],
  { threshold, tagIds }: AcceptSuggestionsInput,
): Promise<Acceptance[]> {
  const named = tagIds ?? suggestions.flatMap(({ results }) => results.map(({ tagId }) => tagId));
  const tags = await tagsById(manager, project.id, named);
  const { classificationType } = project;
  return suggestions
    .map(({ imageId, results }) => ({
      imageId,
      results: acceptedResults(results, { classificationType, threshold, tags }),
    }))
    .filter(({ results }) => results.length > 0);
}

async function tagsById(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<Map<string, Tag>> {
  const tags = await manager.findBy(Tag, { projectId, id: In([...new Set(ids)]) });
  return new Map(tags.map((tag) => [tag.id, tag]));
}

export async function attachAccepted(
  { manager, project, images, change }: ImagesUnderLock,
  accepted: readonly Acceptance[],
  limits: Limits,
): Promise<void> {
  const rules = tagRules(project, limits);
  const named = accepted.flatMap(({ results }) => results.map(({ tagId }) => tagId));
  const tags = await tagsById(manager, project.id, named);
  const present = await tagsOf(
    manager,
    images.map(({ id }) => id),
  );
  for (const image of images) {
    const own = accepted.filter(({ imageId }) => imageId === image.id).flatMap(({ results }) => results);
    const added = [...new Set(own.map(({ tagId }) => tagId))].flatMap((id) => tags.get(id) ?? []);
    await attachTags(manager, image, { present: present.get(image.id) ?? [], added }, rules, change);
  }
}

/** The boxes that were accepted, but for those that are too small to be drawn. */
export function acceptedBoxes(accepted: readonly Acceptance[]): NewRegionInput[] {
  return accepted.flatMap(({ imageId, results }) =>
    results.flatMap(({ tagId, box }) => (box && isDrawable(box) ? [{ imageId, tagId, ...box }] : [])),
  );
}
