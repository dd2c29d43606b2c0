import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ShardResult, TrainIterationInput } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import { backbones, type BackboneName } from '../ml/backbones/registry.ts';
import { writeEvaluation } from '../ml/evaluation-file.ts';
import { FEATURE_VERSION } from '../ml/features.ts';
import { assignFolds, groupNearDuplicates } from '../ml/folds.ts';
import { fitHead as fit } from '../ml/head.ts';
import { sha256, writeModelPackage } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import { loadSnapshot } from './take-snapshot.ts';

/** Copied into memory of its own: a pooled buffer need not start at a multiple of four bytes. */
const floatsOf = (bytes: Buffer): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);

/** Fits the head, stores the model package and the out-of-fold probabilities that every figure comes from. */
export const fitHead =
  (deps: ActivityDeps) =>
  async (
    { iterationId, leftOut }: TrainIterationInput & ShardResult,
    context: ActivityContext,
  ): Promise<{ modelSha256: string }> => {
    const { storage, database } = deps;
    const { backbone, seed } = await database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const name = backbone as BackboneName;
    const snapshot = await loadSnapshot(deps, iterationId);
    const missing = new Set(leftOut.map(({ imageId }) => imageId));
    const images = snapshot.images.filter(({ id }) => !missing.has(id));
    const features: Float32Array[] = [];
    for (const image of images)
      features.push(floatsOf(await storage.get(keys.features(name, FEATURE_VERSION, image.sha256))));
    const { kind, tags } = snapshot;
    const targets = images.map(({ tagIndexes }) => tagIndexes);
    const groups = groupNearDuplicates(images.map(({ perceptualHash }) => perceptualHash));
    const folds = assignFolds({ targets, groups, isTest: images.map(({ isTest }) => isTest), seed });
    const head = await fit({
      features,
      targets,
      tagCount: tags.length,
      kind,
      folds,
      seed,
      signal: context.signal,
    });
    const { weights, bias, temperature } = head;
    const { inputSize } = backbones[name];
    const parameters = { weights, bias, temperature, thresholds: tags.map(() => 0.5) };
    const model = writeModelPackage({
      kind,
      backbone: name,
      featureVersion: FEATURE_VERSION,
      inputSize,
      tags,
      ...parameters,
    });
    const isTest = images.map((image) => image.isTest);
    const facts = { kind, tags, imageIds: images.map(({ id }) => id), targets, isTest };
    const measuredOn = isTest.includes(true) ? 'TEST_IMAGES' : 'OUT_OF_FOLD';
    const evaluation = writeEvaluation({ ...facts, measuredOn, probabilities: head.outOfFold });
    await storage.put(keys.evaluation(iterationId), evaluation);
    await storage.put(keys.model(iterationId), model);
    return { modelSha256: sha256(model) };
  };
