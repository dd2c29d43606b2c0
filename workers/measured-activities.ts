import type { Logger } from '../infra/logger.ts';
import type { WorkerMetrics } from '../infra/metrics.ts';
import type { Activity } from '../schema/contracts/activity.ts';

interface Watch {
  metrics: Pick<WorkerMetrics, 'activitySeconds' | 'activityRetries'>;
  logger: Logger;
}

/** The same activities; each attempt is timed and counted, and one that fails says so in the log with its run. */
export function measuredActivities<T extends Record<keyof T, Activity>>(activities: T, watch: Watch): T {
  const names = Object.keys(activities) as (keyof T & string)[];
  return Object.fromEntries(names.map((name) => [name, measured(name, activities[name], watch)])) as T;
}

function measured(activity: string, call: Activity, { metrics, logger }: Watch): Activity {
  return async (input, context) => {
    const { runId, attempt, signal } = context;
    const end = metrics.activitySeconds.startTimer({ activity });
    if (attempt > 1) metrics.activityRetries.inc({ activity });
    try {
      const result = await call(input, context);
      end({ outcome: 'completed' });
      return result;
    } catch (error) {
      // An abort is no failure of the activity: the run was cancelled, timed out or moved to another process.
      end({ outcome: signal.aborted ? 'interrupted' : 'failed' });
      if (!signal.aborted) logger.warn({ err: error, runId, activity, attempt }, 'an attempt of an activity failed');
      throw error;
    }
  };
}
