import type { DetectedBox, TaggedBox } from '../detection/boxes.ts';
import { writeFactsAndFloats } from '../facts-and-floats.ts';
import type { ModelTag } from '../model-package.ts';

/** What a detector that had not seen a picture found in it, beside the truth. */
export interface JudgedPicture {
  truth: TaggedBox[];
  detected: DetectedBox[];
}

/** Detections in images that the model had not seen, beside the truth: what every figure is computed from. */
export interface DetectionEvaluation {
  kind: 'DETECTION';
  /** As the model knew them, in the order of its outputs. */
  tags: ModelTag[];
  imageIds: string[];
  /** Marked by the user as a test image: never trained on. */
  isTest: boolean[];
  /** Figures come from the user's own test images when there are any, else from images held out of trainings. */
  measuredOn: 'TEST_IMAGES' | 'OUT_OF_FOLD';
  /** In the order of the images; null for one that was never held out. Probabilities are calibrated. */
  pictures: (JudgedPicture | null)[];
}

interface StoredFacts extends Omit<DetectionEvaluation, 'pictures'> {
  /** How many true boxes and how many detected ones each image has; null as above. */
  boxCounts: ([truth: number, detected: number] | null)[];
}

const truthFloats = 5;
const detectedFloats = 6;

/** The evaluation as bytes: facts as JSON, boxes as floats. */
export function writeDetectionEvaluation({ pictures, ...facts }: DetectionEvaluation): Buffer {
  const boxCounts = pictures.map((picture) => picture && [picture.truth.length, picture.detected.length]);
  const floats = pictures.flatMap((picture) => [
    ...(picture?.truth ?? []).flatMap(floatsOf),
    ...(picture?.detected ?? []).flatMap((box) => [...floatsOf(box), box.probability]),
  ]);
  return writeFactsAndFloats({ ...facts, boxCounts }, Float32Array.from(floats));
}

function floatsOf({ tagIndex, left, top, width, height }: TaggedBox): number[] {
  return [tagIndex, left, top, width, height];
}

/** @throws when it was cut off */
export function detectionEvaluationFrom(stored: unknown, floats: Float32Array): DetectionEvaluation {
  const { boxCounts, ...facts } = stored as StoredFacts;
  if (!boxCounts.flat().every((count) => count === null || (Number.isSafeInteger(count) && count >= 0)))
    throw new Error('The evaluation has an invalid number of boxes.');
  const lengths = boxCounts.map((counts) => (counts ? counts[0] * truthFloats + counts[1] * detectedFloats : 0));
  const expected = lengths.reduce((sum, length) => sum + length, 0);
  if (floats.length !== expected) {
    throw new Error(`The evaluation has ${floats.length} numbers of boxes instead of ${expected}.`);
  }
  let at = 0;
  const pictures = boxCounts.map((counts) => {
    if (!counts) return null;
    const truth = Array.from({ length: counts[0] }, (_, i) => boxAt(floats, at + i * truthFloats));
    at += truth.length * truthFloats;
    const detected = Array.from({ length: counts[1] }, (_, i) => detectedAt(floats, at + i * detectedFloats));
    at += detected.length * detectedFloats;
    return { truth, detected };
  });
  return { ...facts, pictures };
}

function boxAt(floats: Float32Array, at: number): TaggedBox {
  const float = (place: number): number => floats[at + place] ?? 0;
  return { tagIndex: float(0), left: float(1), top: float(2), width: float(3), height: float(4) };
}

function detectedAt(floats: Float32Array, at: number): DetectedBox {
  return { ...boxAt(floats, at), probability: floats[at + truthFloats] ?? 0 };
}

/** Only the images that figures are computed from: those judged by a model that had not seen them. */
export function measuredPictures(evaluation: DetectionEvaluation): MeasuredDetections {
  const { kind, tags, imageIds, isTest, pictures, measuredOn } = evaluation;
  const kept = pictures.flatMap((picture, image) => {
    const isMeasured = measuredOn === 'TEST_IMAGES' ? isTest[image] : !isTest[image];
    return picture && isMeasured ? [{ imageId: imageIds[image] ?? '', picture }] : [];
  });
  return {
    kind,
    tags,
    measuredOn,
    imageIds: kept.map(({ imageId }) => imageId),
    pictures: kept.map(({ picture }) => picture),
  };
}

/** What is left of an evaluation when only the images count that the model had not seen. */
export interface MeasuredDetections extends Pick<DetectionEvaluation, 'kind' | 'tags' | 'imageIds' | 'measuredOn'> {
  pictures: JudgedPicture[];
}
