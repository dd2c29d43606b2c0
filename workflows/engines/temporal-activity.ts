import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import {
  CancelledError,
  describeFailure,
  isFinal,
  retryDelayMs,
  type Activity,
  type ActivityContext,
  type ActivityPolicy,
} from '../../schema/contracts/activity.ts';
import { attempt } from './attempt.ts';

/** What one attempt leaves to the next, as details of Temporal's heartbeat. */
interface Memory {
  /** The activity's own word. */
  details?: unknown;
  /** Attempts that ended in an error, not with their process. */
  failures: number;
}

export interface TemporalActivityOptions {
  policy: ActivityPolicy;
  /** The pause after the first failure. */
  retryDelayMs: number;
}

const beatMs = 1000;

/** The attempt was stopped from outside, and another one goes on with it. */
class InterruptedError extends Error {
  constructor() {
    super('The worker stops or has lost the activity; another attempt goes on.');
    this.name = 'InterruptedError';
  }
}

/**
 * Dresses an activity for Temporal. Its heartbeat shows that the process lives, as the lease does in the embedded engine;
 * silence and length of the activity itself are watched by the same code as there.
 */
export function temporalActivity(activity: Activity, options: TemporalActivityOptions) {
  const run = activity as (input: unknown, context: ActivityContext) => Promise<unknown>;
  return async (input: unknown): Promise<unknown> => {
    const context = Context.current();
    const { attempt: count, workflowExecution } = context.info;
    const memory: Memory = { failures: 0, ...(context.info.heartbeatDetails as Memory | undefined) };
    const beat = () => context.heartbeat(memory);
    const timer = setInterval(beat, beatMs);
    try {
      return await attempt(run, input, {
        runId: workflowExecution?.workflowId ?? '',
        attempt: count,
        lastHeartbeat: memory.details,
        policy: options.policy,
        signal: abortSignal(context),
        keepHeartbeat: (details) => (memory.details = details),
        saveHeartbeat: beat,
      });
    } catch (error) {
      const failure = temporalFailure(error, memory, options);
      beat();
      throw failure;
    } finally {
      clearInterval(timer);
    }
  };
}

/** Aborts with an error of ours as its reason. */
function abortSignal(context: Context): AbortSignal {
  const controller = new AbortController();
  const { cancellationSignal } = context;
  const abort = (): void => {
    const { cancelRequested } = context.cancellationDetails ?? {};
    controller.abort(cancelRequested ? new CancelledError() : new InterruptedError());
  };
  if (cancellationSignal.aborted) abort();
  else cancellationSignal.addEventListener('abort', abort, { once: true });
  return controller.signal;
}

function temporalFailure(error: unknown, memory: Memory, { policy, retryDelayMs: firstMs }: TemporalActivityOptions) {
  if (error instanceof CancelledError) return new CancelledFailure(error.message);
  const failure = describeFailure(error);
  const facts = { message: failure.message, type: failure.name, details: [failure] };
  if (error instanceof InterruptedError) return ApplicationFailure.create({ ...facts, nextRetryDelay: 1 });
  memory.failures += 1;
  const nonRetryable = isFinal(error) || memory.failures >= policy.attempts;
  return ApplicationFailure.create({ ...facts, nonRetryable, nextRetryDelay: retryDelayMs(memory.failures, firstMs) });
}
