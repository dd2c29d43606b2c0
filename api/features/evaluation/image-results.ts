import type { Evaluation } from '../../../workers/ml/evaluation-file.ts';
import { predictedTags } from '../../../workers/ml/metrics.ts';
import type { ImageResult, ImageResultArgs, TrainedTag } from './evaluation.output.ts';

/** An image in the sorted list; the details are put together for one page only. */
export interface ListedResult {
  imageId: string;
  build: () => ImageResult;
}

interface Judged {
  image: number;
  row: Float32Array;
  actual: number[];
  predicted: number[];
  isRight: boolean;
  /** How wrong the model is: 0 fully right, 1 surely wrong. */
  surprise: number;
}

const shownProbabilities = 10;

/** The images that meet the filter, the most wrong first. */
export function listImageResults(evaluation: Evaluation, { threshold, filter }: ImageResultArgs): ListedResult[] {
  const indexOf = (tagId: string): number => evaluation.tags.findIndex(({ id }) => id === tagId);
  const fits = ({ isRight, actual, predicted }: Judged): boolean =>
    (filter?.isRight == null || filter.isRight === isRight) &&
    (filter?.actualTagId == null || actual.includes(indexOf(filter.actualTagId))) &&
    (filter?.predictedTagId == null || predicted.includes(indexOf(filter.predictedTagId)));
  return evaluation.imageIds
    .map((_, image) => judge(evaluation, image, threshold))
    .filter(fits)
    .sort((a, b) => Number(a.isRight) - Number(b.isRight) || b.surprise - a.surprise || a.image - b.image)
    .map((judged) => ({
      imageId: evaluation.imageIds[judged.image] ?? '',
      build: () => describe(evaluation, judged),
    }));
}

function judge({ tags, targets, probabilities, kind }: Evaluation, image: number, threshold: number): Judged {
  const row = probabilities.subarray(image * tags.length, (image + 1) * tags.length);
  const actual = targets[image] ?? [];
  const predicted = predictedTags(row, kind, threshold);
  const isRight = predicted.length === actual.length && predicted.every((tag) => actual.includes(tag));
  let surprise = 0;
  row.forEach((p, tag) => (surprise = Math.max(surprise, actual.includes(tag) ? 1 - p : p)));
  return { image, row, actual, predicted, isRight, surprise };
}

function describe({ tags, imageIds }: Evaluation, { image, row, actual, predicted, isRight }: Judged): ImageResult {
  const tagAt = (index: number): TrainedTag => tags[index] ?? { id: '', name: '' };
  const probabilities = Array.from(row, (probability, index) => ({ tag: tagAt(index), probability }));
  return {
    imageId: imageIds[image] ?? '',
    isRight,
    actualTags: actual.map(tagAt),
    predictedTags: predicted.map(tagAt),
    probabilities: probabilities.sort((a, b) => b.probability - a.probability).slice(0, shownProbabilities),
  };
}
