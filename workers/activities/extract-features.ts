import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ShardInput, ShardResult, Snapshot } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { Backbone } from '../ml/backbones/backbone.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';
import { extractFeatures as extract, FEATURE_VERSION } from '../ml/features.ts';
import type { ActivityDeps } from './deps.ts';
import { loadSnapshot, shardSize } from './take-snapshot.ts';

type SnapshotImage = Snapshot['images'][number];

/** Returns why the image was left out, or undefined. Cached features are not computed again. */
async function extractOne(
  { storage }: ActivityDeps,
  backbone: Backbone,
  image: SnapshotImage,
): Promise<string | undefined> {
  const key = keys.features(backbone.spec.name, FEATURE_VERSION, image.sha256);
  if (await storage.exists(key)) return undefined;
  const bytes = await storage.get(keys.imageOriginal(image.projectId, image.id));
  let features: Float32Array;
  try {
    features = await extract(backbone, bytes);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  await storage.put(key, Buffer.from(features.buffer, features.byteOffset, features.byteLength));
  return undefined;
}

/** Runs one shard of the snapshot through the backbone. An image that cannot be decoded fails alone. */
export const extractFeatures =
  (deps: ActivityDeps) =>
  async ({ iterationId, shard }: ShardInput, context: ActivityContext): Promise<ShardResult> => {
    const { backbone: name } = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const { images } = await loadSnapshot(deps, iterationId);
    const backbone = await deps.backbone(name as BackboneName);
    const leftOut: ShardResult['leftOut'] = [];
    for (const image of images.slice(shard * shardSize, (shard + 1) * shardSize)) {
      context.signal.throwIfAborted();
      const reason = await extractOne(deps, backbone, image);
      if (reason !== undefined) leftOut.push({ imageId: image.id, reason });
      context.heartbeat();
    }
    return { leftOut };
  };
