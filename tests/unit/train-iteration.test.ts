import { expect, test } from 'vitest';
import { ActivityError, CancelledError, type ActivityCalls } from '../../schema/contracts/activity.ts';
import type { FailInput, TimeSpan, TrainingActivities } from '../../schema/contracts/training.ts';
import { trainIteration } from '../../workflows/orchestrations/train-iteration.ts';

const refused = () => Promise.reject(new Error('This was not expected.'));

test('a shard that fails has the others cancelled, and is what the training ends with when all have ended', async () => {
  const seen: string[] = [];
  let cancel = (): void => undefined;
  const cancelled = new Promise<never>((_, reject) => (cancel = () => reject(new CancelledError())));
  let failed: FailInput | undefined;
  const activities: ActivityCalls<TrainingActivities> = {
    takeSnapshot: () => Promise.resolve({ shardCount: 3 }),
    extractFeatures: async ({ shard }) => {
      if (shard === 1) throw new ActivityError('extractFeatures', { name: 'Error', message: 'The disk is full.' });
      return cancelled.finally(() => seen.push(`shard ${shard} ended`));
    },
    fitHead: refused,
    trainPart: refused,
    assembleDetector: refused,
    keepBetter: refused,
    completeIteration: refused,
    failIteration: (input) => {
      seen.push('failed');
      failed = input;
      return Promise.resolve();
    },
  };
  const run = {
    cancelCalls: () => {
      seen.push('cancelled');
      cancel();
    },
  };
  await expect(trainIteration(activities, { iterationId: 'i' }, run)).rejects.toThrow('The disk is full.');
  expect(seen).toEqual(['cancelled', 'shard 0 ended', 'shard 2 ended', 'failed']);
  expect(failed).toEqual({ iterationId: 'i', reason: 'The disk is full.', isCancelled: false });
});

test('the budget is told how long any worker extracted: side by side counts once, waiting between shards not at all', async () => {
  const spans = [
    { fromMs: 1000, untilMs: 4000 },
    { fromMs: 2000, untilMs: 5000 },
    { fromMs: 60_000, untilMs: 61_000 },
  ];
  const told: (number | undefined)[] = [];
  const activities: ActivityCalls<TrainingActivities> = {
    takeSnapshot: () => Promise.resolve({ shardCount: 3, plan: 'DETECTOR', partCount: 2 }),
    extractFeatures: ({ shard }) => Promise.resolve({ leftOutCount: 0, worked: spans[shard] as TimeSpan }),
    fitHead: refused,
    trainPart: ({ extractionMs }) => {
      told.push(extractionMs);
      return Promise.resolve();
    },
    assembleDetector: () => Promise.resolve({ modelSha256: 'm', warnings: [] }),
    keepBetter: refused,
    completeIteration: () => Promise.resolve(),
    failIteration: refused,
  };
  await trainIteration(activities, { iterationId: 'i' }, { cancelCalls: () => undefined });
  expect(told).toEqual([5000, 5000]);
});
