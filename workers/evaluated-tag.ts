import type { EvaluatedTag } from '../schema/contracts/evaluation.ts';

/** The tag at a place of a model's outputs, without what only the model needs to know. */
export function evaluatedTag(tags: readonly EvaluatedTag[], index: number): EvaluatedTag {
  const { id, name } = tags[index] ?? { id: '', name: '' };
  return { id, name };
}
