import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { HeadResult, ShardResult, Snapshot, TrainIterationInput } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { TrainingPhase } from '../../schema/enums.ts';
import { backbones, type BackboneName } from '../ml/backbones/registry.ts';
import { writeEvaluation } from '../ml/evaluation-file.ts';
import { FEATURE_VERSION } from '../ml/features.ts';
import { assignFolds, groupNearDuplicates } from '../ml/folds.ts';
import { fitHead as fit, type FittedHead } from '../ml/head.ts';
import { sha256, writeModelPackage } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import type { OpenTrainings } from './open-trainings.ts';
import { imagesPerTag, trainingWarnings } from './warnings.ts';

/** Copied into memory of its own: a pooled buffer need not start at a multiple of four bytes. */
const floatsOf = (bytes: Buffer): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);

/** No attempt can end otherwise: the images are what they are. */
export class TooFewImagesError extends Error {
  readonly nonRetryable = true;
}

/** Fits the head, stores the model package and the out-of-fold probabilities that every figure comes from. */
export const fitHead =
  (deps: ActivityDeps, trainings: OpenTrainings) =>
  async (
    { iterationId, leftOut }: TrainIterationInput & ShardResult,
    context: ActivityContext,
  ): Promise<HeadResult> => {
    const row = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const backbone = row.backbone as BackboneName;
    const training = trainings.of(iterationId);
    const snapshot = await training.snapshot();
    const missing = new Set(leftOut.map(({ imageId }) => imageId));
    const images = snapshot.images.filter(({ id }) => !missing.has(id));
    refuseTooFew(snapshot, images);
    const { tracker } = training;
    const groups = groupNearDuplicates(images.map(({ perceptualHash }) => perceptualHash));
    const isTest = images.map((image) => image.isTest);
    const targets = images.map(({ tagIndexes }) => tagIndexes);
    try {
      const head = await fit({
        features: await loadFeatures(deps, backbone, images),
        targets,
        tagCount: snapshot.tags.length,
        kind: snapshot.kind,
        folds: assignFolds({ targets, groups, isTest, seed: row.seed }),
        seed: row.seed,
        signal: context.signal,
        onProgress: (fraction) => tracker.report(TrainingPhase.HEAD, fraction, 'Fitting by cross-validation'),
      });
      tracker.report(TrainingPhase.PACKAGE, 0, 'Writing the model');
      await storeEvaluation(deps, iterationId, { snapshot, images, head });
      const modelSha256 = await storeModel(deps, iterationId, { snapshot, backbone, head });
      const { recommendedImagesPerTag } = deps;
      return {
        modelSha256,
        warnings: trainingWarnings({ snapshot, leftOut, images, groups, recommendedImagesPerTag }),
      };
    } finally {
      await tracker.flush();
    }
  };

/** The start checked this already, but images may have been left out since. */
function refuseTooFew(snapshot: Snapshot, images: Snapshot['images']): void {
  const counts = imagesPerTag(snapshot, images);
  const short = snapshot.tags.flatMap(({ name }, i) => ((counts[i] ?? 0) < 2 ? [JSON.stringify(name)] : []));
  if (short.length === 0 && snapshot.tags.length > 0) return;
  throw new TooFewImagesError(`Every tag needs 2 readable images to train on; short of it: ${short.join(', ')}.`);
}

async function loadFeatures(
  { storage }: ActivityDeps,
  backbone: BackboneName,
  images: Snapshot['images'],
): Promise<Float32Array[]> {
  const features: Float32Array[] = [];
  for (const { sha256: content } of images)
    features.push(floatsOf(await storage.get(keys.features(backbone, FEATURE_VERSION, content))));
  return features;
}

interface Fitted {
  snapshot: Snapshot;
  images: Snapshot['images'];
  backbone: BackboneName;
  head: FittedHead;
}

async function storeEvaluation(
  { storage }: ActivityDeps,
  iterationId: string,
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
  await storage.put(keys.evaluation(iterationId), writeEvaluation(evaluation));
}

async function storeModel(
  { storage }: ActivityDeps,
  iterationId: string,
  { snapshot: { kind, tags }, backbone, head: { weights, bias, temperature } }: Omit<Fitted, 'images'>,
): Promise<string> {
  const { inputSize } = backbones[backbone];
  const parameters = { weights, bias, temperature, thresholds: tags.map(() => 0.5) };
  const model = writeModelPackage({ kind, backbone, featureVersion: FEATURE_VERSION, inputSize, tags, ...parameters });
  await storage.put(keys.model(iterationId), model);
  return sha256(model);
}
