import type {
  ActualBox,
  EvaluatedTag,
  EvaluationAnswers,
  JudgedImage,
  PredictedBox,
} from '../schema/contracts/evaluation.ts';
import { evaluatedTag } from './evaluated-tag.ts';
import {
  detectionCurve,
  evaluateDetections,
  type DetectionInput,
} from './ml/detection-evaluation/detection-figures.ts';
import type { MeasuredDetections } from './ml/detection-evaluation/evaluation-file.ts';
import { bestOfEachTag, listDetectionResults, type DetectionResult } from './ml/detection-evaluation/image-results.ts';
import { detectionConfusion } from './ml/detection-evaluation/mistakes.ts';
import type { DetectedBox, TaggedBox } from './ml/detection/boxes.ts';

const anyImage = { isRight: null, actualTagId: null, predictedTagId: null, mistake: null, imageIds: null };

export const detectionAnswers: EvaluationAnswers<MeasuredDetections> = {
  performance: (evaluation, { threshold, overlapThreshold }) => {
    const { tags, imageIds, measuredOn } = evaluation;
    const figures = evaluateDetections(inputOf(evaluation), { threshold, overlapThreshold });
    const { perTag, averagePrecisions: meanAveragePrecision, ...overall } = figures;
    return {
      ...overall,
      meanAveragePrecision,
      threshold,
      overlapThreshold,
      measuredOn,
      imageCount: imageIds.length,
      perTag: perTag.map(({ averagePrecisions: averagePrecisionAt, ...own }, index) => {
        return { ...own, averagePrecisionAt, tag: evaluatedTag(tags, index) };
      }),
    };
  },
  confusionMatrix: ({ tags, pictures }, thresholds) => ({
    tags: tags.map((_, index) => evaluatedTag(tags, index)),
    rows: detectionConfusion(pictures, tags.length, thresholds),
  }),
  precisionRecallCurve: (evaluation, { tagId, overlapThreshold }) => {
    const index = evaluation.tags.findIndex(({ id }) => id === tagId);
    return index < 0 ? null : detectionCurve(inputOf(evaluation), index, overlapThreshold);
  },
  imageResults: (evaluation, { threshold, overlapThreshold, filter, offset, limit, mostTags }) => {
    const all = listDetectionResults(evaluation, { threshold, overlapThreshold }, filter);
    return {
      images: all.slice(offset, offset + limit).map((result) => describe(evaluation.tags, result, mostTags)),
      total: all.length,
    };
  },
  measuredImages: (evaluation, thresholds) =>
    listDetectionResults(evaluation, thresholds, anyImage).map(({ imageId, truth }) => ({
      imageId,
      actualTagIds: tagsOf(evaluation.tags, truth).map(({ id }) => id),
    })),
};

function inputOf({ pictures, tags }: MeasuredDetections): DetectionInput {
  return { pictures, tagCount: tags.length };
}

function tagsOf(tags: readonly EvaluatedTag[], boxes: readonly TaggedBox[]): EvaluatedTag[] {
  return [...new Set(boxes.map(({ tagIndex }) => tagIndex))].map((index) => evaluatedTag(tags, index));
}

function describe(tags: readonly EvaluatedTag[], result: DetectionResult, mostTags: number | null): JudgedImage {
  const { imageId, isRight, truth, predicted, detected, mistakes } = result;
  const actualBox = ({ tagIndex, left, top, width, height }: TaggedBox): ActualBox => ({
    tag: evaluatedTag(tags, tagIndex),
    box: { left, top, width, height },
  });
  const predictedBox = (box: DetectedBox): PredictedBox => ({ ...actualBox(box), probability: box.probability });
  return {
    imageId,
    isRight,
    actualTags: tagsOf(tags, truth),
    predictedTags: tagsOf(tags, predicted),
    probabilities: bestOfEachTag(detected)
      .slice(0, mostTags ?? tags.length)
      .map(({ tagIndex, probability }) => ({ tag: evaluatedTag(tags, tagIndex), probability })),
    actualBoxes: truth.map(actualBox),
    predictedBoxes: predicted.map(predictedBox),
    mistakes: mistakes.map(({ kind, actual, predicted: found }) => ({
      kind,
      actual: actual && actualBox(actual),
      predicted: found && predictedBox(found),
    })),
  };
}
