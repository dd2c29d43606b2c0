import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { TemporalConfig } from '../../infra/config.ts';
import {
  activityQueues,
  firstRetryDelayMs,
  graceMs,
  type Activity,
  type ActivityPolicy,
  type ActivityQueue,
} from '../../schema/contracts/activity.ts';
import { queueName } from '../../schema/contracts/task-queue.ts';
import { EngineUnavailableError } from './engine.ts';
import { temporalActivity } from './temporal-activity.ts';
import type { workflowBundle } from './temporal-bundle.ts';
import { connectionOptions } from './temporal-connection.ts';

export interface TemporalWorkerOptions {
  temporal: TemporalConfig;
  /** The orchestrations, in Temporal's form. */
  bundle: Awaited<ReturnType<typeof workflowBundle>>;
  activities: Record<string, Activity>;
  /** One policy for each activity; a missing one refuses the start. */
  policies: Record<string, ActivityPolicy>;
  /** Activities of the compute queue at the same time. */
  concurrency: number;
  /** How long a worker that stops lets activities go on before it interrupts them. */
  drainMs: number;
  /** Pause before the second attempt of an activity; doubles with each further one. */
  retryDelayMs?: number;
  /** What makes spans of activities and orchestrations; that of the sandbox belongs into the bundle. */
  traces?: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
}

/** Heartbeats are sent at most this often, so that little is done twice after a loss. */
const heartbeatIntervalMs = 1000;

/** In one process: each holds a model in memory. */
const exportsAtOnce = 1;

/** The working half of the Temporal engine: a poller for each queue. */
export class TemporalWorker {
  private readonly runs: Promise<void>[];
  private readonly ended: Promise<void>;
  private stopped: Promise<void> | undefined;

  /** @param workers over this connection, made and not running yet */
  constructor(
    private readonly connection: Pick<NativeConnection, 'close'>,
    private readonly workers: Pick<Worker, 'run' | 'shutdown' | 'getState'>[],
  ) {
    this.runs = workers.map((worker) => worker.run());
    this.ended = Promise.all(this.runs).then(() => undefined);
    this.ended.catch(() => undefined);
  }

  /** Resolves when it takes work. @throws EngineUnavailableError when the server cannot be reached */
  static async start(options: TemporalWorkerOptions): Promise<TemporalWorker> {
    const connection = await connect(options.temporal);
    try {
      const workers: Worker[] = [];
      for (const queue of activityQueues)
        workers.push(await Worker.create({ connection, ...workerOptions(queue, options) }));
      return new TemporalWorker(connection, workers);
    } catch (error) {
      // A worker that was made holds on to the connection; that it cannot be closed must not hide why there is no second one.
      await connection.close().catch(() => undefined);
      throw error;
    }
  }

  get isRunning(): boolean {
    return this.workers.every((worker) => worker.getState() === 'RUNNING');
  }

  /** Rejects when the worker broke down; resolves when it was stopped. */
  get end(): Promise<void> {
    return this.ended;
  }

  /** Takes no more work, interrupts what is under way after the drain time, and waits for it; it goes on in another worker. */
  stop(): Promise<void> {
    return (this.stopped ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    for (const worker of this.workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    // Also after one has broken down: the connection cannot be closed while another uses it.
    await Promise.allSettled(this.runs);
    await this.connection.close();
  }
}

async function connect(temporal: TemporalConfig): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(connectionOptions(temporal));
  } catch (error) {
    const message = `There is no connection to Temporal at ${temporal.address}: ${(error as Error).message}`;
    throw new EngineUnavailableError(message, { cause: error });
  }
}

function workerOptions(queue: ActivityQueue, options: TemporalWorkerOptions): WorkerOptions {
  const { temporal, bundle, concurrency, drainMs, traces } = options;
  const ofQueue: Record<ActivityQueue, Partial<WorkerOptions>> = {
    workflows: { workflowBundle: bundle },
    compute: { maxConcurrentActivityTaskExecutions: concurrency },
    exports: { maxConcurrentActivityTaskExecutions: exportsAtOnce },
  };
  return {
    namespace: temporal.namespace,
    taskQueue: queueName(temporal.taskQueue, queue),
    activities: dressedActivities(options),
    ...ofQueue[queue],
    ...traces,
    maxHeartbeatThrottleInterval: heartbeatIntervalMs,
    shutdownGraceTime: drainMs,
    shutdownForceTime: drainMs + 2 * graceMs,
  };
}

/** All of them for every queue: what another version of the program has put into another queue is done as well. */
function dressedActivities({ activities, policies, retryDelayMs = firstRetryDelayMs }: TemporalWorkerOptions) {
  const dressed: Record<string, ReturnType<typeof temporalActivity>> = {};
  for (const [name, activity] of Object.entries(activities)) {
    const policy = policies[name];
    if (!policy) throw new Error(`The activity “${name}” has no policy.`);
    dressed[name] = temporalActivity(activity, { policy, retryDelayMs });
  }
  return dressed;
}
