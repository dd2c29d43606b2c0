import type { Lanes } from '../../infra/lanes.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ShardInput, ShardResult, Snapshot } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { Backbone } from '../ml/backbones/backbone.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';
import { extractFeatures as extract } from '../ml/features.ts';
import { ImageRefusal } from '../ml/image.ts';
import type { ActivityDeps } from './deps.ts';
import { FeatureCache, type FeaturePackWriter } from './feature-cache.ts';
import { type LeftOutImage, writeLeftOut } from './left-out.ts';
import type { OpenTrainings } from './open-trainings.ts';
import { withHeartbeat } from './steady-heartbeat.ts';
import { shardSize } from './take-snapshot.ts';

type SnapshotImage = Snapshot['images'][number];

/** Says why the image was left out, if it was. */
async function extractOne(
  { storage }: ActivityDeps,
  backbone: Backbone,
  writer: FeaturePackWriter,
  image: SnapshotImage,
): Promise<LeftOutImage[]> {
  const bytes = await storage.get(keys.imageOriginal(image.projectId, image.id));
  try {
    writer.add(image.sha256, await extract(backbone, bytes));
    return [];
  } catch (error) {
    // Only the picture's own fault leaves it out: a broken runtime must not.
    if (!(error instanceof ImageRefusal)) throw error;
    return [{ imageId: image.id, reason: error.message }];
  }
}

/** Runs one shard of the snapshot through the backbone. An image that cannot be decoded fails alone. */
export const extractFeatures =
  (deps: ActivityDeps, lanes: Lanes, trainings: OpenTrainings) =>
  async ({ iterationId, shard }: ShardInput, context: ActivityContext): Promise<ShardResult> => {
    const row = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const backbone = row.backbone as BackboneName;
    const { tracker, snapshot } = trainings.of(iterationId);
    const { images } = await snapshot();
    const own = images.slice(shard * shardSize, (shard + 1) * shardSize);
    const cache = new FeatureCache(deps, backbone);
    const kept = await cache.listKept(own.map(({ sha256 }) => sha256));
    const missing = own.filter(({ sha256 }) => !kept.has(sha256));
    const progress = tracker.beginShard(shard, own.length, own.length - missing.length);
    const details = () => ({ done: progress.doneCount, images: progress.imageCount });
    const onImage = (): void => {
      tracker.imageDone(progress, images.length);
      context.heartbeat(details());
    };
    const work = { backbone, images: missing, writer: cache.writer(), signal: context.signal, onImage };
    const leftOut = await withHeartbeat(context, details, () => extractAll(deps, lanes, work));
    await writeLeftOut(deps.storage, iterationId, shard, leftOut);
    await tracker.endShard(images.length);
    return { leftOutCount: leftOut.length };
  };

interface ExtractionWork {
  backbone: BackboneName;
  images: SnapshotImage[];
  writer: FeaturePackWriter;
  signal: AbortSignal;
  onImage: () => void;
}

async function extractAll(
  deps: ActivityDeps,
  lanes: Lanes,
  { backbone: name, images, writer, signal, onImage }: ExtractionWork,
): Promise<LeftOutImage[]> {
  // With everything in the cache the backbone need not even be loaded.
  if (images.length === 0) return [];
  const backbone = await deps.backbone(name);
  const work = images.map((image) =>
    lanes.run(async () => {
      signal.throwIfAborted();
      const leftOut = await extractOne(deps, backbone, writer, image);
      onImage();
      return leftOut;
    }),
  );
  // All settle first: nothing of an attempt may still run when the next one begins, and what is computed is kept.
  await Promise.allSettled(work);
  await writer.finish();
  return (await Promise.all(work)).flat();
}
