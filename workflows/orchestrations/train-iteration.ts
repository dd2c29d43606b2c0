import { ActivityError, CancelledError, type ActivityCalls } from '../../schema/contracts/activity.ts';
import type {
  FitInput,
  HeadResult,
  TrainIterationInput,
  TrainingActivities,
  TrainingPlanName,
} from '../../schema/contracts/training.ts';

type Activities = ActivityCalls<TrainingActivities>;

/** From a queued iteration to a model. Shards and parts run side by side; whatever goes wrong ends in a row that says so. */
export async function trainIteration(
  activities: Activities,
  { iterationId }: TrainIterationInput,
): Promise<{ modelSha256: string }> {
  try {
    const { shardCount, plan = 'HEAD', partCount = 0 } = await activities.takeSnapshot({ iterationId });
    const shards = Array.from({ length: shardCount }, (_, shard) => activities.extractFeatures({ iterationId, shard }));
    const results = await together(shards);
    const incompleteShards = results.flatMap(({ leftOutCount }, shard) => (leftOutCount > 0 ? [shard] : []));
    const model = await makers[plan](activities, { iterationId, incompleteShards }, partCount);
    await activities.completeIteration({ iterationId, ...model });
    return { modelSha256: model.modelSha256 };
  } catch (error) {
    const isCancelled =
      error instanceof CancelledError || (error instanceof ActivityError && error.failure.cancelled === true);
    const reason = error instanceof Error ? error.message : String(error);
    await activities.failIteration({ iterationId, reason, isCancelled });
    throw error;
  }
}

/** From features to a model. */
const makers: Record<
  TrainingPlanName,
  (activities: Activities, input: FitInput, partCount: number) => Promise<HeadResult>
> = {
  HEAD: (activities, input) => activities.fitHead(input),
  DETECTOR: async (activities, input, partCount) => {
    await trainParts(activities, input, partCount);
    return activities.assembleDetector(input);
  },
  FINE_TUNE: async (activities, input, partCount) => {
    const quick = await activities.fitHead(input);
    await trainParts(activities, input, partCount);
    return activities.keepBetter({ ...input, quick });
  },
};

async function trainParts(activities: Activities, input: FitInput, partCount: number): Promise<void> {
  await together(Array.from({ length: partCount }, (_, part) => activities.trainPart({ ...input, part })));
}

/** All of them, or the first error when every one has ended: none may still be writing while everything is cleared away. */
async function together<T>(calls: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}
