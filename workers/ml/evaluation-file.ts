import { detectionEvaluationFrom, type DetectionEvaluation } from './detection-evaluation/evaluation-file.ts';
import { readFactsAndFloats, writeFactsAndFloats } from './facts-and-floats.ts';
import type { ClassificationType } from './classification/head-loss.ts';
import type { ModelTag } from './model-package.ts';

/** Predictions for images that the model had not seen, beside the truth: what every figure is computed from. */
export interface ClassificationEvaluation {
  kind: ClassificationType;
  /** As the model knew them, in the order of its outputs. */
  tags: ModelTag[];
  imageIds: string[];
  /** Tag indexes of each image. */
  targets: number[][];
  /** Marked by the user as a test image: never trained on. */
  isTest: boolean[];
  /** Figures come from the user's own test images when there are any, else from cross-validation. */
  measuredOn: 'TEST_IMAGES' | 'OUT_OF_FOLD';
  /** [images * tags], calibrated; NaN for an image that was never held out. */
  probabilities: Float32Array;
}

export type Evaluation = ClassificationEvaluation | DetectionEvaluation;

/** The evaluation as bytes: facts as JSON, probabilities as floats. */
export function writeEvaluation({ probabilities, ...facts }: ClassificationEvaluation): Buffer {
  return writeFactsAndFloats(facts, probabilities);
}

/** Reads that of a classifier or of a detector. @throws when it was cut off or was made by something else */
export function readEvaluation(file: Buffer): Evaluation {
  const { facts: stored, floats } = readFactsAndFloats(file);
  const facts = stored as Omit<ClassificationEvaluation, 'probabilities'> | Omit<DetectionEvaluation, 'pictures'>;
  if (facts.kind === 'DETECTION') return detectionEvaluationFrom(facts, floats);
  const expected = facts.imageIds.length * facts.tags.length;
  if (floats.length !== expected) {
    throw new Error(`The evaluation has ${floats.length} probabilities instead of ${expected}.`);
  }
  return { ...facts, probabilities: floats };
}

/** Only the images that figures are computed from: those judged by a model that had not seen them. */
export function measuredImages(evaluation: ClassificationEvaluation): ClassificationEvaluation {
  const { tags, imageIds, targets, isTest, probabilities, measuredOn } = evaluation;
  const rowOf = (image: number): Float32Array => probabilities.subarray(image * tags.length, (image + 1) * tags.length);
  const kept = imageIds.flatMap((_, image) => {
    const isMeasured = measuredOn === 'TEST_IMAGES' ? isTest[image] : !isTest[image];
    return isMeasured && rowOf(image).every(Number.isFinite) ? [image] : [];
  });
  const rows = new Float32Array(kept.length * tags.length);
  kept.forEach((image, index) => rows.set(rowOf(image), index * tags.length));
  return {
    ...evaluation,
    imageIds: kept.map((image) => imageIds[image] ?? ''),
    targets: kept.map((image) => targets[image] ?? []),
    isTest: kept.map((image) => isTest[image] ?? false),
    probabilities: rows,
  };
}
