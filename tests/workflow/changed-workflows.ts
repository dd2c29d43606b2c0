// A change as nobody should make it: the head is fitted before the features are there, and runs under way cannot go on.
import {
  trainingPolicies,
  type TrainIterationInput,
  type TrainingActivities,
} from '../../schema/contracts/training.ts';
import type { ActivityCalls } from '../../schema/contracts/activity.ts';
import { runInTemporal } from '../../workflows/temporal/shell.ts';

export { exportIteration, importProject } from '../../workflows/temporal/index.ts';

export async function changedTraining(
  activities: ActivityCalls<TrainingActivities>,
  { iterationId }: TrainIterationInput,
): Promise<{ modelSha256: string }> {
  await activities.takeSnapshot({ iterationId });
  const head = await activities.fitHead({ iterationId, incompleteShards: [] });
  await activities.completeIteration({ iterationId, ...head });
  return { modelSha256: head.modelSha256 };
}

export const trainIteration = (input: TrainIterationInput) => runInTemporal(changedTraining, trainingPolicies, input);
