import type { ActivityCalls, RunControl } from '../../schema/contracts/activity.ts';
import type {
  FitInput,
  HeadResult,
  TimeSpan,
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
    const extractionMs = workingMs(results.flatMap(({ worked }) => worked ?? []));
    const parts = { count: partCount, extractionMs };
    const model = await makers[plan](activities, { iterationId, incompleteShards }, run, parts);
    await activities.completeIteration({ iterationId, ...model });
    return { modelSha256: model.modelSha256 };
  } catch (error) {
    await activities.failIteration({ iterationId, ...endingOf(error) });
    throw error;
  }
}

/** Trainings by gradient descent, and the time that the extraction before them has taken of their budget. */
interface Parts {
  count: number;
  extractionMs: number;
}

/** From features to a model. */
const makers: Record<
  TrainingPlanName,
  (activities: Activities, input: FitInput, run: RunControl, parts: Parts) => Promise<HeadResult>
> = {
  HEAD: (activities, input) => activities.fitHead(input),
  DETECTOR: async (activities, input, run, parts) => {
    await trainParts(activities, input, run, parts);
    return activities.assembleDetector(input);
  },
  FINE_TUNE: async (activities, input, run, parts) => {
    const quick = await activities.fitHead(input);
    await trainParts(activities, input, run, parts);
    return activities.keepBetter({ ...input, quick });
  },
};

async function trainParts(
  activities: Activities,
  input: FitInput,
  run: RunControl,
  { count, extractionMs }: Parts,
): Promise<void> {
  const calls = Array.from({ length: count }, (_, part) => activities.trainPart({ ...input, part, extractionMs }));
  await together(calls, run);
}

/** How long somebody was at it: spans that overlap count once, waiting between them does not count. */
function workingMs(spans: readonly TimeSpan[]): number {
  let [total, doneUntilMs] = [0, -Infinity];
  for (const { fromMs, untilMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    total += Math.max(0, untilMs - Math.max(fromMs, doneUntilMs));
    doneUntilMs = Math.max(doneUntilMs, untilMs);
  }
  return total;
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
