import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ShardInput, ShardResult, Snapshot } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { Backbone } from '../ml/backbones/backbone.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';
import { extractFeatures as extract, FEATURE_VERSION } from '../ml/features.ts';
import { ImageRefusal } from '../ml/image.ts';
import type { ActivityDeps } from './deps.ts';
import type { Lanes } from '../../infra/lanes.ts';
import type { OpenTrainings } from './open-trainings.ts';
import { shardSize } from './take-snapshot.ts';

type SnapshotImage = Snapshot['images'][number];

/** Says whether it was computed now, or why the image was left out. Cached features are not computed again. */
async function extractOne(
  { storage }: ActivityDeps,
  backbone: Backbone,
  image: SnapshotImage,
): Promise<{ isNew: boolean; reason?: string }> {
  const key = keys.features(backbone.spec.name, FEATURE_VERSION, image.sha256);
  if (await storage.exists(key)) return { isNew: false };
  const bytes = await storage.get(keys.imageOriginal(image.projectId, image.id));
  try {
    const features = await extract(backbone, bytes);
    await storage.put(key, Buffer.from(features.buffer, features.byteOffset, features.byteLength));
    return { isNew: true };
  } catch (error) {
    // Only the picture's own fault leaves it out: a full disk must not.
    if (!(error instanceof ImageRefusal)) throw error;
    return { isNew: true, reason: error.message };
  }
}

/** Runs one shard of the snapshot through the backbone. An image that cannot be decoded fails alone. */
export const extractFeatures =
  (deps: ActivityDeps, lanes: Lanes, trainings: OpenTrainings) =>
  async ({ iterationId, shard }: ShardInput, context: ActivityContext): Promise<ShardResult> => {
    const { backbone: name } = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const { tracker, snapshot } = trainings.of(iterationId);
    const { images } = await snapshot();
    const backbone = await deps.backbone(name as BackboneName);
    const own = images.slice(shard * shardSize, (shard + 1) * shardSize);
    tracker.beginShard(shard, own.length);
    const reasons = own.map((image) =>
      lanes.run(async () => {
        context.signal.throwIfAborted();
        const { isNew, reason } = await extractOne(deps, backbone, image);
        context.heartbeat();
        tracker.imageDone(shard, isNew, images.length);
        return reason === undefined ? [] : [{ imageId: image.id, reason }];
      }),
    );
    // All settle first: nothing of an attempt may still run when the next one begins.
    await Promise.allSettled(reasons);
    await tracker.flush();
    return { leftOut: (await Promise.all(reasons)).flat() };
  };
