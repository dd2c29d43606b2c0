import { expect, test } from 'vitest';
import { acceptedBoxes, acceptedResults } from '../../../api/features/suggestions/acceptance.ts';
import type { PredictionResult } from '../../../schema/entities/prediction-result.ts';
import type { Tag } from '../../../schema/entities/tag.entity.ts';
import { ClassificationType, TagType } from '../../../schema/enums.ts';

const tags = new Map(
  ['cat', 'dog', 'none'].map((id) => {
    const type = id === 'none' ? TagType.NEGATIVE : TagType.REGULAR;
    const tag: Tag = { id, projectId: 'p', name: id, description: '', type, imageCount: 0, createdAt: new Date() };
    return [id, tag];
  }),
);
const answer = (...pairs: [string, number][]): PredictionResult[] =>
  pairs.map(([tagId, probability]) => ({ tagId, tagName: tagId, probability, box: null, heatmap: null }));

function accepted(classificationType: ClassificationType, threshold: number, results: PredictionResult[]) {
  return acceptedResults(results, { classificationType, threshold, tags }).map(({ tagId }) => tagId);
}

test('of a multi-class answer the most probable tag is accepted, or nothing', () => {
  const results = answer(['cat', 0.55], ['dog', 0.45]);
  expect(accepted(ClassificationType.MULTICLASS, 0.4, results)).toEqual(['cat']);
  expect(accepted(ClassificationType.MULTICLASS, 0.6, results)).toEqual([]);
  expect(accepted(ClassificationType.MULTICLASS, 0.4, answer(['gone', 0.55], ['dog', 0.45]))).toEqual([]);
});

test('of a multi-label answer every tag that is sure enough, and the negative one alone', () => {
  const results = answer(['none', 0.9], ['cat', 0.8], ['gone', 0.8], ['dog', 0.7]);
  expect(accepted(ClassificationType.MULTILABEL, 0.7, results)).toEqual(['cat', 'dog']);
  expect(accepted(ClassificationType.MULTILABEL, 0.85, results)).toEqual(['none']);
});

test('boxes too small to be drawn are left out', () => {
  const results = answer(['cat', 0.9], ['dog', 0.9]).map((result, index) => {
    return { ...result, box: { left: 0.1, top: 0.1, width: index === 0 ? 0.2 : 0.0005, height: 0.2 } };
  });
  expect(acceptedBoxes([{ imageId: 'i', results }])).toEqual([
    { imageId: 'i', tagId: 'cat', left: 0.1, top: 0.1, width: 0.2, height: 0.2 },
  ]);
});
