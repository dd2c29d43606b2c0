import { ActivityError, CancelledError, type ActivityCalls } from '../../schema/contracts/activity.ts';
import type { TrainIterationInput, TrainingActivities } from '../../schema/contracts/training.ts';

/** From a queued iteration to a model. Shards run side by side; whatever goes wrong ends in a row that says so. */
export async function trainIteration(
  activities: ActivityCalls<TrainingActivities>,
  { iterationId }: TrainIterationInput,
): Promise<{ modelSha256: string }> {
  try {
    const { shardCount } = await activities.takeSnapshot({ iterationId });
    const shards = Array.from({ length: shardCount }, (_, shard) => activities.extractFeatures({ iterationId, shard }));
    const results = await Promise.all(shards);
    const incompleteShards = results.flatMap(({ leftOutCount }, shard) => (leftOutCount > 0 ? [shard] : []));
    const head = await activities.fitHead({ iterationId, incompleteShards });
    await activities.completeIteration({ iterationId, ...head });
    return { modelSha256: head.modelSha256 };
  } catch (error) {
    const isCancelled =
      error instanceof CancelledError || (error instanceof ActivityError && error.failure.cancelled === true);
    const reason = error instanceof Error ? error.message : String(error);
    await activities.failIteration({ iterationId, reason, isCancelled });
    throw error;
  }
}
