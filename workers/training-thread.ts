import { parentPort, workerData } from 'node:worker_threads';
import type { Config, EngineConfig } from '../infra/config.ts';
import { createLogger } from '../infra/logger.ts';
import { createWorkerMetrics, type MetricsSnapshot } from '../infra/metrics.ts';
import { startTracing } from '../infra/tracing.ts';
import { workerPolicies } from '../schema/contracts/policies.ts';
import { EmbeddedRunner } from '../workflows/engines/embedded-runner.ts';
import * as orchestrations from '../workflows/orchestrations/index.ts';
import { measuredActivities } from './measured-activities.ts';
import { openActivities, type ActivitiesConfig } from './open-activities.ts';

export type TrainingThreadConfig = ActivitiesConfig &
  Pick<Config, 'logLevel' | 'otlpEndpoint'> & { engine: Extract<EngineConfig, { kind: 'embedded' }> };
/** What the server tells the thread. */
export type ToTrainingThread = 'poke' | 'stop';
/** What the thread tells the server: «ready» once, then again and again what it measured. */
export type FromTrainingThread = 'ready' | MetricsSnapshot;

const metricsEveryMs = 1000;

/** Somebody waits for an export or an import, which is light; a training may last a day. */
const ownSlots = { exportIteration: 1, importProject: 1 } satisfies Partial<
  Record<keyof typeof orchestrations, number>
>;

/** The thread that trains inside the server: it shares nothing with the API but the database and the storage. */
async function runTrainingThread(config: TrainingThreadConfig, port: NonNullable<typeof parentPort>): Promise<void> {
  const logger = createLogger({ level: config.logLevel, name: 'training' });
  const tracing = await startTracing(config.otlpEndpoint, 'training');
  const metrics = createWorkerMetrics({ processMetrics: false });
  const { activities, database, close } = await openActivities(config);
  const runner = new EmbeddedRunner({
    database,
    orchestrations,
    activities: measuredActivities(activities, { metrics, logger }),
    policies: workerPolicies,
    concurrency: config.training.concurrency,
    ownSlots,
    leaseMs: config.engine.leaseMs,
    pollMs: config.engine.pollMs,
    logger,
  });
  const tellMetrics = (): void => void metrics.registry.getMetricsAsJSON().then((known) => port.postMessage(known));
  const telling = setInterval(tellMetrics, metricsEveryMs);
  const stop = async (): Promise<void> => {
    clearInterval(telling);
    await runner.stop();
    await close();
    await tracing?.stop();
    port.close();
  };
  port.on('message', (message: ToTrainingThread) => {
    if (message === 'poke') runner.poke();
    else void stop();
  });
  runner.start();
  port.postMessage('ready');
}

if (parentPort) await runTrainingThread(workerData as TrainingThreadConfig, parentPort);
