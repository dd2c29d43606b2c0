import { fileURLToPath } from 'node:url';
import { ConfigError, loadConfig, type Config, type TemporalConfig } from '../infra/config.ts';
import { createLogger } from '../infra/logger.ts';
import { createWorkerMetrics } from '../infra/metrics.ts';
import { startTracing } from '../infra/tracing.ts';
import { workerPolicies } from '../schema/contracts/policies.ts';
import { workflowBundle } from '../workflows/engines/temporal-bundle.ts';
import { sandboxInterceptors, workerTracing } from '../workflows/engines/temporal-tracing.ts';
import { TemporalWorker } from '../workflows/engines/temporal-worker.ts';
import { closeAll } from './close-all.ts';
import { useConfiguredProviders } from './execution-providers.ts';
import { HealthServer } from './health-server.ts';
import { measuredActivities } from './measured-activities.ts';
import { openActivities } from './open-activities.ts';
import { installRuntime } from './temporal-runtime.ts';

/** A process that works for a Temporal server. */
export interface RunningWorker {
  /** Where it answers health checks; null when it does not. */
  healthUrl: string | null;
  /** Rejects when it broke down, so that whoever started it can begin anew. */
  end: Promise<void>;
  /** Lets go of what is under way, which goes on in another worker. What cannot be closed is logged. */
  close(): Promise<void>;
}

/** Bundles the orchestrations for Temporal's sandbox, unless that was done before. */
export const bundleOrchestrations = (interceptors: readonly string[] = []) =>
  workflowBundle({ entry: fileURLToPath(new URL('../workflows/temporal/index.ts', import.meta.url)), interceptors });

/** Composition root of the worker process. Throws `ConfigError` with every problem. */
export async function startWorker(env: NodeJS.ProcessEnv): Promise<RunningWorker> {
  const config = loadConfig(env);
  const temporal = temporalOf(config);
  await useConfiguredProviders(config);
  const logger = createLogger({ level: config.logLevel, name: 'worker' });
  installRuntime(logger);
  const metrics = createWorkerMetrics({ processMetrics: true });
  const tracing = await startTracing(config.otlpEndpoint, 'worker');
  const traces = tracing ? await workerTracing(tracing) : {};
  const bundle = await bundleOrchestrations(tracing ? [sandboxInterceptors()] : []);
  const opened = await openActivities(config);
  const closers = [() => tracing?.stop() ?? Promise.resolve(), opened.close];
  const close = () => closeAll(closers, (err) => logger.error({ err }, 'something could not be closed'));
  try {
    const { concurrency } = config.training;
    const { drainMs } = config;
    const measured = measuredActivities(opened.activities, { metrics, logger });
    const options = {
      temporal,
      bundle,
      activities: measured,
      policies: workerPolicies,
      concurrency,
      drainMs,
      traces,
    };
    const worker = await TemporalWorker.start(options);
    closers.push(() => worker.stop());
    const check = async (): Promise<boolean> => {
      await opened.database.ping();
      return worker.isRunning;
    };
    const health = await HealthServer.start(config.host, config.workerPort, metrics.registry, check);
    closers.push(() => health.stop());
    return { healthUrl: health.url, end: worker.end, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function temporalOf({ engine }: Config): TemporalConfig {
  if (engine.kind === 'temporal') return engine;
  throw new ConfigError([
    'TAGLENS_TEMPORAL_ADDRESS is not set; a worker needs a Temporal server. Without one, `taglens serve` runs trainings itself',
  ]);
}
