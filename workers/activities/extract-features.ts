import type { Lanes } from '../../infra/lanes.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ShardInput, ShardResult } from '../../schema/contracts/training.ts';
import { Iteration } from '../../schema/entities/iteration.entity.ts';
import type { BackboneName } from '../ml/backbones/registry.ts';
import { ImageRefusal } from '../ml/images/image.ts';
import type { ActivityDeps } from './deps.ts';
import { bothExtractions, type Extraction, type PlacedImage } from './extraction.ts';
import { type LeftOutImage, writeLeftOut } from './left-out.ts';
import type { OpenTraining, OpenTrainings } from './open-trainings.ts';
import { PooledFeatures } from './pooled-features.ts';
import { withHeartbeat } from './steady-heartbeat.ts';
import { detectorViews, stagedViews } from './views.ts';

/** Runs one shard of the snapshot through the backbone. An image that cannot be decoded, or is gone, fails alone. */
export const extractFeatures =
  (deps: ActivityDeps, lanes: Lanes, trainings: OpenTrainings) =>
  async ({ iterationId, shard }: ShardInput, context: ActivityContext): Promise<ShardResult> => {
    const fromMs = Date.now();
    const row = await deps.database.read.manager.findOneByOrFail(Iteration, { id: iterationId });
    const training = trainings.of(iterationId);
    const { tracker } = training;
    const [{ images }, { shardSize }] = [await training.snapshot(), await training.plan()];
    const own = images
      .slice(shard * shardSize, (shard + 1) * shardSize)
      .map((image, i) => ({ image, index: shard * shardSize + i }));
    const extraction = await extractionOf(deps, row, training);
    const kept = await extraction.listKept(own);
    const missing = own.filter(({ image }) => !kept.has(image.id));
    const progress = tracker.beginShard(shard, own.length, own.length - missing.length);
    const details = () => ({ done: progress.doneCount, images: progress.imageCount });
    const onImage = (): void => {
      tracker.imageDone(progress, images.length);
      context.heartbeat(details());
    };
    const work = { extraction, images: missing, signal: context.signal, onImage };
    const leftOut = await withHeartbeat(context, details, () => extractAll(lanes, work));
    await writeLeftOut(deps.storage, iterationId, shard, leftOut);
    await tracker.endShard(images.length);
    return { leftOutCount: leftOut.length, worked: { fromMs, untilMs: Date.now() } };
  };

async function extractionOf(deps: ActivityDeps, row: Iteration, training: OpenTraining): Promise<Extraction> {
  const { originals } = training;
  const [snapshot, plan] = [await training.snapshot(), await training.plan()];
  const input = { iterationId: row.id, seed: row.seed, originals };
  const pooled = (): Extraction => new PooledFeatures(deps, row.backbone as BackboneName, originals);
  if (plan.name === 'FINE_TUNE') return bothExtractions(pooled(), stagedViews(deps, { ...input, plan }));
  if (plan.name === 'DETECTOR' && snapshot.kind === 'DETECTION')
    return detectorViews(deps, snapshot, { ...input, plan });
  return pooled();
}

interface ExtractionWork {
  extraction: Extraction;
  images: PlacedImage[];
  signal: AbortSignal;
  onImage: () => void;
}

async function extractAll(
  lanes: Lanes,
  { extraction, images, signal, onImage }: ExtractionWork,
): Promise<LeftOutImage[]> {
  const work = images.map((placed) =>
    lanes.run(async () => {
      signal.throwIfAborted();
      const leftOut = await extractOne(extraction, placed, signal);
      onImage();
      return leftOut;
    }),
  );
  // All settle first: nothing of an attempt may still run when the next one begins, and what is computed is kept.
  await Promise.allSettled(work);
  await extraction.finish();
  return (await Promise.all(work)).flat();
}

/** Says why the image was left out, if it was. */
async function extractOne(extraction: Extraction, placed: PlacedImage, signal: AbortSignal): Promise<LeftOutImage[]> {
  try {
    await extraction.extract(placed, signal);
    return [];
  } catch (error) {
    // Only the picture's own fault leaves it out: a broken runtime must not.
    if (!(error instanceof ImageRefusal)) throw error;
    return [{ imageId: placed.image.id, reason: error.message }];
  }
}
