import { setTimeout as sleep } from 'node:timers/promises';
import {
  graceMs,
  isOutage,
  longestOutageMs,
  outagePauseMs,
  retryDelayMs,
  type ActivityContext,
  type ActivityPolicy,
} from '../../schema/contracts/activity.ts';

const heartbeatWriteMs = 1000;

export interface AttemptOptions {
  runId: string;
  attempt: number;
  lastHeartbeat: unknown;
  policy: ActivityPolicy;
  /** Aborts on cancellation and on the loss of the lease, with the error to throw as its reason. */
  signal: AbortSignal;
  /** Stores the details of a heartbeat; called at most once a second. */
  saveHeartbeat: (details: unknown) => void;
  /** Gets every heartbeat at once, for a retry in this process. */
  keepHeartbeat: (details: unknown) => void;
}

class ActivityTimeoutError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ActivityTimeoutError';
  }
}

type RunnableActivity = (input: unknown, context: ActivityContext) => Promise<unknown>;

/**
 * One attempt at an activity. While a server that it needs is away it is called again and again, which counts as the same
 * attempt: an outage must not use up those meant for faults. Rejects with its error, a timeout, or the signal's reason.
 */
export async function attempt(activity: RunnableActivity, input: unknown, options: AttemptOptions): Promise<unknown> {
  const giveUpAt = Date.now() + longestOutageMs;
  let { lastHeartbeat } = options;
  const keepHeartbeat = (details: unknown): void => {
    lastHeartbeat = details;
    options.keepHeartbeat(details);
  };
  for (let outages = 1; ; outages++) {
    try {
      return await callOnce(activity, input, { ...options, lastHeartbeat, keepHeartbeat });
    } catch (error) {
      if (options.signal.aborted || !isOutage(error) || Date.now() > giveUpAt) throw error;
      const { first, longest } = outagePauseMs;
      await pause(Math.min(retryDelayMs(outages, first), longest), options.signal);
    }
  }
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

async function callOnce(activity: RunnableActivity, input: unknown, options: AttemptOptions): Promise<unknown> {
  const timeout = new AbortController();
  const signal = AbortSignal.any([options.signal, timeout.signal]);
  const watch = watchTime(options.policy, timeout);
  const context = createContext(options, signal, watch.beat);
  try {
    return await settle(activity, input, context);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    watch.end();
  }
}

/** After an abort the activity may still tidy up, and a retry must not overlap with it; but not for ever. */
async function settle(activity: RunnableActivity, input: unknown, context: ActivityContext): Promise<unknown> {
  context.signal.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  // The signal outlives this attempt: a listener left behind would start the timer at the end of the run.
  const listening = new AbortController();
  const abandoned = new Promise<never>((_, reject) => {
    const onAbort = () => (timer = setTimeout(() => reject(context.signal.reason as Error), graceMs));
    context.signal.addEventListener('abort', onAbort, { once: true, signal: listening.signal });
  });
  try {
    return await Promise.race([Promise.resolve().then(() => activity(input, context)), abandoned]);
  } finally {
    listening.abort();
    clearTimeout(timer);
  }
}

function createContext(options: AttemptOptions, signal: AbortSignal, beat: () => void): ActivityContext {
  let savedMs = 0;
  return {
    signal,
    attempt: options.attempt,
    lastHeartbeat: options.lastHeartbeat,
    runId: options.runId,
    heartbeat(details?: unknown) {
      beat();
      if (signal.aborted) return;
      options.keepHeartbeat(details);
      if (Date.now() - savedMs < heartbeatWriteMs) return;
      savedMs = Date.now();
      options.saveHeartbeat(details);
    },
  };
}

/** Aborts the attempt when it takes too long, or stays silent for too long. */
function watchTime(policy: ActivityPolicy, timeout: AbortController) {
  let beatMs = Date.now();
  const total = setTimeout(
    () => timeout.abort(new ActivityTimeoutError(`It took longer than ${policy.timeoutMs} ms.`)),
    policy.timeoutMs,
  );
  const checkBeat = () => {
    if (Date.now() - beatMs < policy.heartbeatMs) return;
    timeout.abort(new ActivityTimeoutError(`It sent no heartbeat for ${policy.heartbeatMs} ms.`));
  };
  const silence = policy.heartbeatMs > 0 ? setInterval(checkBeat, Math.max(5, policy.heartbeatMs / 4)) : undefined;
  return {
    beat: () => void (beatMs = Date.now()),
    end: () => {
      clearTimeout(total);
      clearInterval(silence);
    },
  };
}
