import type { EvaluationAnswers } from '../schema/contracts/evaluation.ts';
import { evaluatedTag } from './evaluated-tag.ts';
import type { ClassificationEvaluation } from './ml/evaluation-file.ts';
import { listImageResults } from './ml/classification/image-results.ts';
import { confusionMatrix, evaluate, precisionRecallCurve } from './ml/classification/metrics.ts';

const anyImage = { isRight: null, actualTagId: null, predictedTagId: null, imageIds: null };
const withoutBoxes = { regionCount: null, averagePrecisionAt: null };

export const classificationAnswers: EvaluationAnswers<ClassificationEvaluation> = {
  performance: (evaluation, { threshold }) => {
    const { tags, imageIds, measuredOn } = evaluation;
    const { perTag, ...overall } = evaluate({ ...evaluation, tagCount: tags.length, threshold });
    return {
      ...overall,
      threshold,
      overlapThreshold: null,
      meanAveragePrecision: null,
      regionCount: null,
      measuredOn,
      imageCount: imageIds.length,
      perTag: perTag.map((figures, index) => ({ ...figures, ...withoutBoxes, tag: evaluatedTag(tags, index) })),
    };
  },
  confusionMatrix: (evaluation, { threshold }) => ({
    tags: evaluation.tags.map((_, index) => evaluatedTag(evaluation.tags, index)),
    rows: confusionMatrix({ ...evaluation, tagCount: evaluation.tags.length, threshold }),
  }),
  precisionRecallCurve: ({ tags, probabilities, targets }, { tagId }) => {
    const index = tags.findIndex(({ id }) => id === tagId);
    return index < 0 ? null : precisionRecallCurve(probabilities, targets, index);
  },
  imageResults: (evaluation, { threshold, filter, offset, limit, mostTags }) => {
    const all = listImageResults(evaluation, threshold, filter);
    const page = all.slice(offset, offset + limit).map(({ describe }) => describe(mostTags));
    const images = page.map((image) => ({ ...image, actualBoxes: [], predictedBoxes: [], mistakes: [] }));
    return { images, total: all.length };
  },
  measuredImages: (evaluation, { threshold }) =>
    listImageResults(evaluation, threshold, anyImage).map(({ imageId, actualTagIds }) => ({ imageId, actualTagIds })),
};
