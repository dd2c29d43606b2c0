import type { ProjectKind } from './head-loss.ts';
import type { ModelTag } from './model-package.ts';

/** Predictions for images that the model had not seen, beside the truth: what every figure is computed from. */
export interface Evaluation {
  kind: ProjectKind;
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

const lengthBytes = 4;

/**
 * The length of the JSON (uint32), the JSON, then the probabilities, all little-endian: as text, those of a large project
 * would be longer than a string can be.
 */
export function writeEvaluation({ probabilities, ...facts }: Evaluation): Buffer {
  const json = Buffer.from(JSON.stringify(facts));
  const file = Buffer.alloc(lengthBytes + json.length + probabilities.length * 4);
  file.writeUInt32LE(json.length);
  json.copy(file, lengthBytes);
  const start = lengthBytes + json.length;
  probabilities.forEach((value, index) => file.writeFloatLE(value, start + index * 4));
  return file;
}

/** @throws when it was cut off or was made by something else */
export function readEvaluation(file: Buffer): Evaluation {
  const start = lengthBytes + file.readUInt32LE();
  const facts = JSON.parse(file.toString('utf8', lengthBytes, start)) as Omit<Evaluation, 'probabilities'>;
  const expected = facts.imageIds.length * facts.tags.length;
  const found = (file.length - start) / 4;
  if (found !== expected) throw new Error(`The evaluation has ${found} probabilities instead of ${expected}.`);
  return {
    ...facts,
    probabilities: Float32Array.from({ length: expected }, (_, i) => file.readFloatLE(start + i * 4)),
  };
}

/** Only the images that figures are computed from: those judged by a model that had not seen them. */
export function measuredImages(evaluation: Evaluation): Evaluation {
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
