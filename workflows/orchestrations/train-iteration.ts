import type { ActivityCalls, RunControl } from '../../schema/contracts/activity.ts';
import type {
  FitInput,
  HeadResult,
  TrainIterationInput,
  TrainingActivities,
  TrainingPlanName,
} from '../../schema/contracts/training.ts';
import { endingOf } from './ending.ts';

type Activities = ActivityCalls<TrainingActivities>;

/** From a queued iteration to a model. Shards and parts run side by side; whatever goes wrong ends in a row that says so. */
export async function trainIteration(
  activities: Activities,
  { iterationId }: TrainIterationInput,
  run: RunControl,
): Promise<{ modelSha256: string }> {
  try {
    const { shardCount, plan = 'HEAD', partCount = 0 } = await activities.takeSnapshot({ iterationId });
    const shards = Array.from({ length: shardCount }, (_, shard) => activities.extractFeatures({ iterationId, shard }));
    const results = await together(shards, run);
    const incompleteShards = results.flatMap(({ leftOutCount }, shard) => (leftOutCount > 0 ? [shard] : []));
    const model = await makers[plan](activities, { iterationId, incompleteShards }, run, partCount);
    await activities.completeIteration({ iterationId, ...model });
    return { modelSha256: model.modelSha256 };
  } catch (error) {
    await activities.failIteration({ iterationId, ...endingOf(error) });
    throw error;
  }
}

/** From features to a model. */
const makers: Record<
  TrainingPlanName,
  (activities: Activities, input: FitInput, run: RunControl, partCount: number) => Promise<HeadResult>
> = {
  HEAD: (activities, input) => activities.fitHead(input),
  DETECTOR: async (activities, input, run, partCount) => {
    await trainParts(activities, input, run, partCount);
    return activities.assembleDetector(input);
  },
  FINE_TUNE: async (activities, input, run, partCount) => {
    const quick = await activities.fitHead(input);
    await trainParts(activities, input, run, partCount);
    return activities.keepBetter({ ...input, quick });
  },
};

async function trainParts(activities: Activities, input: FitInput, run: RunControl, partCount: number): Promise<void> {
  const parts = Array.from({ length: partCount }, (_, part) => activities.trainPart({ ...input, part }));
  await together(parts, run);
}

/** All of them. After the first error the others are of no use; but none may still be writing when everything is cleared away. */
async function together<T>(calls: Promise<T>[], run: RunControl): Promise<T[]> {
  try {
    return await Promise.all(calls);
  } catch (error) {
    run.cancelCalls();
    await Promise.allSettled(calls);
    throw error;
  }
}
