import type { ClassificationEvaluation } from '../evaluation-file.ts';
import { predictedTags } from './metrics.ts';
import type { ModelTag } from '../model-package.ts';

type TagName = Pick<ModelTag, 'id' | 'name'>;

/** One image of an evaluation: the truth beside what the model says. */
export interface ImageResult {
  imageId: string;
  isRight: boolean;
  actualTags: TagName[];
  predictedTags: TagName[];
  /** Highest first. */
  probabilities: { tag: TagName; probability: number }[];
}

/** Which images; what is null does not restrict. */
export interface ImageResultFilter {
  isRight: boolean | null;
  actualTagId: string | null;
  predictedTagId: string | null;
  imageIds: readonly string[] | null;
}

/** One that meets a filter. Details are put together when they are asked for, for a page only. */
export interface ListedImage {
  imageId: string;
  actualTagIds: string[];
  /** @param mostTags how many probabilities are told; null for all */
  describe: (mostTags: number | null) => ImageResult;
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

/** The images that meet the filter, the most wrong first. */
export function listImageResults(
  evaluation: ClassificationEvaluation,
  threshold: number,
  { isRight, actualTagId, predictedTagId, imageIds }: ImageResultFilter,
): ListedImage[] {
  const among = imageIds && new Set(imageIds);
  const indexOf = (tagId: string): number => evaluation.tags.findIndex(({ id }) => id === tagId);
  const fits = (judged: Judged): boolean =>
    (among?.has(evaluation.imageIds[judged.image] ?? '') ?? true) &&
    (isRight === null || judged.isRight === isRight) &&
    (actualTagId === null || judged.actual.includes(indexOf(actualTagId))) &&
    (predictedTagId === null || judged.predicted.includes(indexOf(predictedTagId)));
  return evaluation.imageIds
    .map((_, image) => judge(evaluation, image, threshold))
    .filter(fits)
    .sort((a, b) => Number(a.isRight) - Number(b.isRight) || b.surprise - a.surprise || a.image - b.image)
    .map((judged) => ({
      imageId: evaluation.imageIds[judged.image] ?? '',
      actualTagIds: judged.actual.map((index) => evaluation.tags[index]?.id ?? ''),
      describe: (mostTags) => describe(evaluation, judged, mostTags),
    }));
}

function judge(
  { tags, targets, probabilities, kind }: ClassificationEvaluation,
  image: number,
  threshold: number,
): Judged {
  const row = probabilities.subarray(image * tags.length, (image + 1) * tags.length);
  const actual = targets[image] ?? [];
  const predicted = predictedTags(row, kind, threshold);
  const isRight = predicted.length === actual.length && predicted.every((tag) => actual.includes(tag));
  let surprise = 0;
  row.forEach((p, tag) => (surprise = Math.max(surprise, actual.includes(tag) ? 1 - p : p)));
  return { image, row, actual, predicted, isRight, surprise };
}

function describe(
  { tags, imageIds }: ClassificationEvaluation,
  { image, row, actual, predicted, isRight }: Judged,
  mostTags: number | null,
): ImageResult {
  const tagAt = (index: number): TagName => ({ id: tags[index]?.id ?? '', name: tags[index]?.name ?? '' });
  const probabilities = Array.from(row, (probability, index) => ({ tag: tagAt(index), probability }));
  return {
    imageId: imageIds[image] ?? '',
    isRight,
    actualTags: actual.map(tagAt),
    predictedTags: predicted.map(tagAt),
    probabilities: probabilities.sort((a, b) => b.probability - a.probability).slice(0, mostTags ?? tags.length),
  };
}
