import { keys } from '../../infra/storage/keys.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { DetectionSnapshot, FitInput, HeadResult } from '../../schema/contracts/training.ts';
import { TrainingPhase } from '../../schema/enums.ts';
import { writeDetectionEvaluation, type JudgedPicture } from '../ml/detection-evaluation/evaluation-file.ts';
import { defaultSuppression } from '../ml/detection/boxes.ts';
import { calibrate, calibrated } from '../ml/detection/calibration.ts';
import { shapeOf } from '../ml/detection/shape.ts';
import { viewVersion } from '../ml/detection/views.ts';
import { readEvaluation } from '../ml/evaluation-file.ts';
import { groupNearDuplicates } from '../ml/folds.ts';
import { sha256, writeModelPackage } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import { evaluationOf } from './detector-part.ts';
import { readWeights } from './learned-part.ts';
import { readLeftOut, takingPart } from './left-out.ts';
import type { OpenTrainings } from './open-trainings.ts';
import { withHeartbeat } from './steady-heartbeat.ts';
import { WrongPlanError, type DetectorPlan } from './training-plan.ts';
import { heldOutWarnings, trainingWarnings } from './warnings.ts';

/** Makes probabilities out of scores, and stores the model with the boxes that every figure comes from. */
export const assembleDetector =
  (deps: ActivityDeps, trainings: OpenTrainings) =>
  async ({ iterationId, incompleteShards }: FitInput, context: ActivityContext): Promise<HeadResult> => {
    const { storage, recommendedImagesPerTag } = deps;
    const training = trainings.of(iterationId);
    const [snapshot, plan] = [await training.snapshot(), await training.plan()];
    if (snapshot.kind !== 'DETECTION' || plan.name !== 'DETECTOR')
      throw new WrongPlanError(`The plan ${plan.name} for ${snapshot.kind} makes no detector.`);
    training.tracker.report(TrainingPhase.EVALUATION, 0, 'Evaluating on held-out images');
    try {
      const assemble = () => storeDetector(storage, iterationId, snapshot, plan);
      const { modelSha256, judgedCount } = await withHeartbeat(context, () => ({}), assemble);
      const leftOut = await readLeftOut(storage, iterationId, incompleteShards);
      const images = takingPart(snapshot.images, leftOut);
      const groups = await groupNearDuplicates(images.map(({ perceptualHash }) => perceptualHash));
      const known = trainingWarnings({ snapshot, leftOut, images, groups, recommendedImagesPerTag });
      return { modelSha256, warnings: [...known, ...heldOutWarnings(images, judgedCount)] };
    } finally {
      await training.tracker.flush();
    }
  };

async function storeDetector(
  storage: Storage,
  iterationId: string,
  snapshot: DetectionSnapshot,
  { recipe, parts }: DetectorPlan,
): Promise<{ modelSha256: string; judgedCount: number }> {
  const pictures = await readJudged(storage, iterationId, parts.length);
  const judged = pictures.filter((picture) => picture !== null);
  const calibration = calibrate(judged);
  const finished = pictures.map(
    (picture) => picture && { ...picture, detected: calibrated(picture.detected, calibration) },
  );
  await storage.put(keys.evaluation(iterationId), writeDetectionEvaluation(evaluationOf(snapshot, finished)));
  const weights = readWeights(await storage.get(keys.learned(iterationId, parts.length - 1)));
  const facts = { kind: 'DETECTION' as const, viewVersion, ...shapeOf(recipe) };
  const { tags } = snapshot;
  const model = writeModelPackage({ ...facts, tags, calibration, suppression: defaultSuppression, weights });
  await storage.put(keys.model(iterationId), model);
  return { modelSha256: sha256(model), judgedCount: judged.length };
}

/** By image, what the part that had not seen it made of it. */
async function readJudged(storage: Storage, iterationId: string, partCount: number): Promise<(JudgedPicture | null)[]> {
  const pictures: (JudgedPicture | null)[] = [];
  for (let part = 0; part < partCount; part++) {
    const evaluation = readEvaluation(await storage.get(keys.judged(iterationId, part)));
    if (evaluation.kind !== 'DETECTION') throw new WrongPlanError(`Part ${part} is not that of a detector.`);
    evaluation.pictures.forEach((picture, image) => (pictures[image] = picture ?? pictures[image] ?? null));
  }
  return pictures;
}
