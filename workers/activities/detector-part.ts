import type { DetectionSnapshot } from '../../schema/contracts/training.ts';
import { evaluateDetections } from '../ml/detection-evaluation/detection-figures.ts';
import { writeDetectionEvaluation, type JudgedPicture } from '../ml/detection-evaluation/evaluation-file.ts';
import { Detector, type DetectorParameters } from '../ml/detection/detector.ts';
import { trainDetector } from '../ml/detection/train.ts';
import { readViewPack } from '../ml/detection/view-pack.ts';
import type { LearnedPart, PartRun } from './learned-part.ts';
import type { DetectorPlan } from './training-plan.ts';

/** The overlap at which detectors are usually compared. */
const overlapThreshold = 0.5;

/** Trains a detector and lets it look at the images that were held out; its boxes are not calibrated yet. */
export async function learnDetector(
  snapshot: DetectionSnapshot,
  { recipe }: DetectorPlan,
  budgetMs: number,
  run: PartRun,
): Promise<LearnedPart> {
  const { checkpoint, ...rest } = run;
  const tagCount = snapshot.tags.length;
  const facts = { tagCount, recipe, budgetMs };
  const parameters = await trainDetector({ ...rest, ...facts, ...(checkpoint ? { checkpoint } : {}) });
  const found = await judge(snapshot, parameters, run);
  const pictures = snapshot.images.map((_, index) => found.get(index) ?? null);
  return {
    weights: parameters.weights,
    judged: writeDetectionEvaluation(evaluationOf(snapshot, pictures)),
    heldOut: meanAveragePrecision([...found.values()], tagCount),
  };
}

async function judge(
  { images }: DetectionSnapshot,
  parameters: DetectorParameters,
  { judged, loadViews, threads, signal }: PartRun,
): Promise<Map<number, JudgedPicture>> {
  const detector = await Detector.open(parameters, { threads });
  try {
    const found = new Map<number, JudgedPicture>();
    for (const index of judged) {
      signal.throwIfAborted();
      const { views } = readViewPack(await loadViews(index));
      // The plain ones come first; it takes as many as it has looks.
      const detected = await detector.detect(views.map(({ maps }) => maps));
      found.set(index, { truth: images[index]?.regions ?? [], detected });
    }
    return found;
  } finally {
    await detector.release();
  }
}

function meanAveragePrecision(pictures: JudgedPicture[], tagCount: number): number | null {
  if (pictures.length === 0) return null;
  return evaluateDetections({ pictures, tagCount }, { threshold: 0.5, overlapThreshold }).averagePrecisions.at50.value;
}

/** @param pictures by image of the snapshot; null for those that were not judged */
export function evaluationOf({ kind, tags, images }: DetectionSnapshot, pictures: (JudgedPicture | null)[]) {
  const isTest = images.map((image) => image.isTest);
  const measuredOn = isTest.includes(true) ? ('TEST_IMAGES' as const) : ('OUT_OF_FOLD' as const);
  return { kind, tags, imageIds: images.map(({ id }) => id), isTest, measuredOn, pictures };
}
