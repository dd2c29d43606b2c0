import type { DetectedBox, TaggedBox } from '../detection/boxes.ts';
import type { JudgedPicture, MeasuredDetections } from './evaluation-file.ts';
import { compareBoxes, type Comparison, type DetectionThresholds, type MistakeKind } from './mistakes.ts';

/** Which images; what is null does not restrict. */
export interface DetectionResultFilter {
  isRight: boolean | null;
  actualTagId: string | null;
  predictedTagId: string | null;
  /** A mistake that was made in them. */
  mistake: MistakeKind | null;
  imageIds: readonly string[] | null;
}

/** One image of an evaluation: the true boxes beside what the model found. */
export interface DetectionResult extends JudgedPicture, Comparison {
  imageId: string;
  isRight: boolean;
}

/** The images that meet the filter, those with the most mistakes first; of equals, where it was surest of its mistakes. */
export function listDetectionResults(
  { tags, imageIds, pictures }: MeasuredDetections,
  thresholds: DetectionThresholds,
  filter: DetectionResultFilter,
): DetectionResult[] {
  const among = filter.imageIds && new Set(filter.imageIds);
  const has = (boxes: TaggedBox[], tagId: string | null): boolean =>
    tagId === null || boxes.some(({ tagIndex }) => tags[tagIndex]?.id === tagId);
  return pictures
    .map((picture, image) => {
      const comparison = compareBoxes(picture, thresholds);
      const isRight = comparison.mistakes.length === 0;
      return { imageId: imageIds[image] ?? '', isRight, ...picture, ...comparison };
    })
    .filter(
      (result) =>
        (among?.has(result.imageId) ?? true) &&
        (filter.isRight === null || result.isRight === filter.isRight) &&
        has(result.truth, filter.actualTagId) &&
        has(result.predicted, filter.predictedTagId) &&
        (filter.mistake === null || result.mistakes.some(({ kind }) => kind === filter.mistake)),
    )
    .sort((a, b) => b.mistakes.length - a.mistakes.length || sureness(b) - sureness(a));
}

function sureness({ mistakes }: Comparison): number {
  return mistakes.reduce((sum, { predicted }) => sum + (predicted?.probability ?? 0), 0);
}

/** The most probable detection of each tag, whatever the threshold. */
export function bestOfEachTag(detected: DetectedBox[]): DetectedBox[] {
  const best = new Map<number, DetectedBox>();
  for (const box of detected) {
    const before = best.get(box.tagIndex);
    if (!before || box.probability > before.probability) best.set(box.tagIndex, box);
  }
  return [...best.values()].sort((a, b) => b.probability - a.probability);
}
