import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  DeterminismViolationError,
  isCancellation,
  patched,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import {
  CancelledError,
  describeFailure,
  errorOf,
  firstRetryDelayMs,
  graceMs,
  interruptedTooOften,
  interruptionLimit,
  longestRetryDelayMs,
  processLostAfterMs,
  type ActivityCalls,
  type ActivityFailure as OurFailure,
  type ActivityPolicy,
  type RunControl,
} from '../../schema/contracts/activity.ts';
import { prefixOf, queueName } from '../../schema/contracts/task-queue.ts';

type Calls = Record<string, (input: unknown) => Promise<unknown>>;

/** Runs an orchestration inside Temporal's sandbox, with the same answers and errors as in the embedded engine. */
export async function runInTemporal<T, I, R>(
  orchestration: (activities: ActivityCalls<T>, input: I, run: RunControl) => Promise<R>,
  policies: Record<keyof T & string, ActivityPolicy>,
  input: I,
): Promise<R> {
  const scope = new CallScope();
  const entries = Object.entries<ActivityPolicy>(policies);
  const calls: Calls = Object.fromEntries(entries.map(([name, policy]) => [name, activityCall(name, policy, scope)]));
  try {
    return await orchestration(calls as ActivityCalls<T>, input, scope);
  } catch (error) {
    throw workflowFailure(error);
  }
}

/** Where the calls are made that may be cancelled; a scope of Temporal is cancelled once and for all. */
class CallScope implements RunControl {
  private scope = new CancellationScope();

  run<T>(call: () => Promise<T>): Promise<T> {
    return this.scope.run(call);
  }

  cancelCalls(): void {
    // Runs that failed before this was done have no request to cancel in their histories.
    if (!patched('cancel-calls')) return;
    this.scope.cancel();
    this.scope = new CancellationScope();
  }
}

function activityCall(name: string, policy: ActivityPolicy, scope: CallScope): (input: unknown) => Promise<unknown> {
  const activity = proxyActivities<Calls>(activityOptions(policy))[name] as (input: unknown) => Promise<unknown>;
  return async (input) => {
    try {
      return await (policy.runsWhenCancelled
        ? CancellationScope.nonCancellable(() => activity(input))
        : scope.run(() => activity(input)));
    } catch (error) {
      throw orchestrationError(name, error);
    }
  };
}

/** Temporal has five, the lowest first. */
const [urgentPriority, usualPriority] = [2, 3];

/** The worker counts failures and watches times by the policy; Temporal only sees to it that a lost worker is replaced. */
function activityOptions({ queue, timeoutMs, attempts, goesFirst }: ActivityPolicy) {
  const { taskQueue, workflowId } = workflowInfo();
  return {
    taskQueue: queueName(prefixOf(taskQueue), queue),
    // Where the server knows of fairness, the shards of a large training let small ones pass.
    priority: { priorityKey: goesFirst ? urgentPriority : usualPriority, fairnessKey: workflowId },
    startToCloseTimeout: timeoutMs + 2 * graceMs,
    heartbeatTimeout: processLostAfterMs,
    // What follows must not overlap with an activity that still tidies up.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      maximumAttempts: attempts + interruptionLimit,
      initialInterval: firstRetryDelayMs,
      backoffCoefficient: 2,
      maximumInterval: longestRetryDelayMs,
    },
  };
}

function orchestrationError(name: string, error: unknown): unknown {
  if (isCancellation(error)) return new CancelledError();
  if (!(error instanceof ActivityFailure)) return error;
  // A time-out is left over when no attempt ever ended by itself.
  const failure =
    error.cause instanceof ApplicationFailure ? (error.cause.details?.[0] as OurFailure | undefined) : undefined;
  return errorOf(name, failure ?? interruptedTooOften(name));
}

/** Temporal would repeat an orchestration that throws a plain error; ours have then said their last word. */
function workflowFailure(error: unknown): unknown {
  const isCancelled = CancellationScope.current().consideredCancelled;
  if (error instanceof CancelledError && isCancelled) return new CancelledFailure(error.message);
  if (error instanceof DeterminismViolationError) return error;
  const { name, message } = describeFailure(error);
  return ApplicationFailure.nonRetryable(message, name);
}
