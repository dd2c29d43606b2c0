import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ClassificationSnapshot, FitInput, HeadResult, Snapshot } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { TrainingPhase } from '../../schema/enums.ts';
import { backbones, type BackboneName } from '../ml/backbones/registry.ts';
import { writeEvaluation } from '../ml/evaluation-file.ts';
import { featureVersion } from '../ml/features.ts';
import { assignFolds, groupNearDuplicates } from '../ml/folds.ts';
import { fitHead as fit, type FittedHead } from '../ml/classification/head.ts';
import { sha256, writeModelPackage } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import { FeatureCache } from './feature-cache.ts';
import { readLeftOut, takingPart } from './left-out.ts';
import type { OpenTrainings } from './open-trainings.ts';
import { withHeartbeat } from './steady-heartbeat.ts';
import { refuseTooFew } from './too-few-images.ts';
import { WrongPlanError } from './training-plan.ts';
import { trainingWarnings } from './warnings.ts';

/** Fits the head, stores the model package and the out-of-fold probabilities that every figure comes from. */
export const fitHead =
  (deps: ActivityDeps, trainings: OpenTrainings) =>
  async ({ iterationId, incompleteShards }: FitInput, context: ActivityContext): Promise<HeadResult> => {
    const row = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const { tracker, snapshot: load, plan } = trainings.of(iterationId);
    const snapshot = classification(await load());
    const isQuick = (await plan()).name === 'FINE_TUNE';
    const leftOut = await readLeftOut(deps.storage, iterationId, incompleteShards);
    const images = takingPart(snapshot.images, leftOut);
    refuseTooFew(snapshot, images);
    const groups = await groupNearDuplicates(images.map(({ perceptualHash }) => perceptualHash));
    let fitted = 0;
    const onProgress = (fraction: number): void => {
      fitted = fraction;
      tracker.report(TrainingPhase.HEAD, fraction, 'Fitting by cross-validation');
    };
    const fitAndStore = async (): Promise<string> => {
      const head = await fitImages(deps, row, { snapshot, images, groups, signal: context.signal, onProgress });
      if (!isQuick) tracker.report(TrainingPhase.PACKAGE, 0, 'Writing the model');
      const place = isQuick ? quickPlace(iterationId) : ownPlace(iterationId);
      await storeEvaluation(deps, place, { snapshot, images, head });
      return storeModel(deps, place, { snapshot, backbone: row.backbone as BackboneName, head });
    };
    try {
      const modelSha256 = await withHeartbeat(context, () => ({ fitted }), fitAndStore);
      const { recommendedImagesPerTag } = deps;
      return {
        modelSha256,
        warnings: trainingWarnings({ snapshot, leftOut, images, groups, recommendedImagesPerTag }),
      };
    } finally {
      await tracker.flush();
    }
  };

/** Where model and evaluation go. */
interface Place {
  model: string;
  evaluation: string;
}
const ownPlace = (id: string): Place => ({ model: keys.model(id), evaluation: keys.evaluation(id) });
/** When it is yet to be seen whether a tuned model is better. */
const quickPlace = (id: string): Place => ({ model: keys.quickModel(id), evaluation: keys.quickEvaluation(id) });

function classification(snapshot: Snapshot): ClassificationSnapshot {
  if (snapshot.kind === 'DETECTION') throw new WrongPlanError('Detectors have no head to fit.');
  return snapshot;
}

interface FitWork {
  snapshot: ClassificationSnapshot;
  /** Those of the snapshot that were not left out. */
  images: ClassificationSnapshot['images'];
  groups: number[];
  signal: AbortSignal;
  onProgress: (fraction: number) => void;
}

async function fitImages(
  deps: ActivityDeps,
  { backbone, seed }: Iteration,
  { snapshot: { kind, tags }, images, groups, signal, onProgress }: FitWork,
): Promise<FittedHead> {
  const features = await new FeatureCache(deps, backbone as BackboneName).load(images.map(({ sha256 }) => sha256));
  const targets = images.map(({ tagIndexes }) => tagIndexes);
  const folds = assignFolds({ targets, groups, isTest: images.map(({ isTest }) => isTest), seed });
  return fit({ features, targets, tagCount: tags.length, kind, folds, signal, onProgress });
}

interface Fitted {
  snapshot: ClassificationSnapshot;
  images: ClassificationSnapshot['images'];
  backbone: BackboneName;
  head: FittedHead;
}

async function storeEvaluation(
  { storage }: ActivityDeps,
  place: Place,
  { snapshot: { kind, tags }, images, head }: Omit<Fitted, 'backbone'>,
): Promise<void> {
  const isTest = images.map((image) => image.isTest);
  const evaluation = {
    kind,
    tags,
    imageIds: images.map(({ id }) => id),
    targets: images.map(({ tagIndexes }) => tagIndexes),
    isTest,
    measuredOn: isTest.includes(true) ? ('TEST_IMAGES' as const) : ('OUT_OF_FOLD' as const),
    probabilities: head.outOfFold,
  };
  await storage.put(place.evaluation, writeEvaluation(evaluation));
}

async function storeModel(
  { storage }: ActivityDeps,
  place: Place,
  { snapshot: { kind, tags }, backbone, head: { weights, bias, temperature } }: Omit<Fitted, 'images'>,
): Promise<string> {
  const { inputSize } = backbones[backbone];
  const parameters = { weights, bias, temperature, thresholds: tags.map(() => 0.5) };
  const model = writeModelPackage({ kind, backbone, featureVersion, inputSize, tags, ...parameters });
  await storage.put(place.model, model);
  return sha256(model);
}
