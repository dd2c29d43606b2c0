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

/** As JSON, with the probabilities as base64 of little-endian float32: JSON knows no NaN. */
export function writeEvaluation({ probabilities, ...facts }: Evaluation): Buffer {
  const bytes = Buffer.alloc(probabilities.length * 4);
  probabilities.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return Buffer.from(JSON.stringify({ ...facts, probabilities: bytes.toString('base64') }));
}

/** @throws when it was cut off or was made by something else */
export function readEvaluation(file: Uint8Array): Evaluation {
  const { probabilities, ...facts } = JSON.parse(Buffer.from(file).toString()) as Omit<Evaluation, 'probabilities'> & {
    probabilities: string;
  };
  const bytes = Buffer.from(probabilities, 'base64');
  const expected = facts.imageIds.length * facts.tags.length;
  if (bytes.length !== expected * 4)
    throw new Error(`The evaluation has ${bytes.length / 4} probabilities instead of ${expected}.`);
  return { ...facts, probabilities: Float32Array.from({ length: expected }, (_, i) => bytes.readFloatLE(i * 4)) };
}
