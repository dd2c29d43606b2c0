import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import ipaddr from 'ipaddr.js';
import { loadConfig, type Config } from '../infra/config.ts';
import type { Database } from '../infra/database/database.ts';
import { openDatabase } from '../infra/database/open.ts';
import { EventTail } from '../infra/events/tail.ts';
import { createLogger, type Logger } from '../infra/logger.ts';
import { createMetrics, type Metrics } from '../infra/metrics.ts';
import { openStorage } from '../infra/storage/open.ts';
import type { Storage } from '../infra/storage/storage.ts';
import { startTracing } from '../infra/tracing.ts';
import { migrations } from '../migrations/index.ts';
import { entities } from '../schema/entities/index.ts';
import { EvaluationPool } from '../workers/evaluation-pool.ts';
import { PredictionPool } from '../workers/prediction-pool.ts';
import { TrainingSupervisor } from '../workers/training-supervisor.ts';
import { EmbeddedEngine } from '../workflows/engines/embedded.ts';
import { Authenticator } from './authentication.ts';
import { registerEventMetrics } from './event-metrics.ts';
import { imageLimits } from './features/images/image-intake.ts';
import { ImportRuns } from './features/copies/import-runs.ts';
import { ExportRuns } from './features/exports/export-runs.ts';
import { TrainingRuns } from './features/training/training-runs.ts';
import { NotificationSender } from './features/notifications/notification-sender.ts';
import type { ReadinessChecks } from './health.ts';
import { Housekeeping } from './housekeeping.ts';
import { OrphanCollector } from './orphans.ts';
import { registerIterationMetrics } from './iteration-metrics.ts';
import { ensureOwnerKey } from './keys.ts';
import { RateLimit } from './rate-limit.ts';
import { currentNotes } from './request-notes.ts';
import { buildGraphqlSchema } from './schema.ts';
import { buildServer } from './server.ts';
import { RunWatch } from './run-watch.ts';
import { createServices } from './services.ts';
import { ensureSecret, UrlSigner } from './signing.ts';
import { dataError, listenError } from './start-error.ts';

/** A running server. `ownerKey` is the key that this start made, to be shown once; null when one existed or was preset. */
export interface RunningServer {
  url: string;
  ownerKey: string | null;
  close(): Promise<void>;
}

const evaluationCacheBytes = 64 * 1024 * 1024;
const tailPollMs = 100;
/** Longest time between taking an event's number and committing it. */
const tailWindowMs = 60_000;
/** A process that cannot read events for this long keeps subscribers waiting, and gets no more requests. */
const eventSilenceMs = 10_000;

/** Composition root: reads the configuration, wires everything, listens. Throws `ConfigError` with every problem. */
export async function serve(env: NodeJS.ProcessEnv): Promise<RunningServer> {
  const config = loadConfig(env);
  const logger = createLogger({ level: config.logLevel, name: 'api', notes: currentNotes });
  const tracing = await startTracing(config.otlpEndpoint, 'api');
  const metrics = createMetrics();
  const database = await openDatabase(config.database, entities, migrations, { migrate: true }).catch(
    (error: unknown) => {
      throw dataError(error, config);
    },
  );
  registerIterationMetrics(metrics.registry, database);
  const storage = await openStorage(config.storage);
  const ownerKey = await ensureOwnerKey(database, config.ownerKey);
  const address = { url: '' };
  const signer = new UrlSigner(await ensureSecret(database, 'url-signing'), () => config.publicUrl ?? address.url);
  const onError = (error: unknown): void => logger.error({ err: error }, 'events could not be read');
  const tail = new EventTail(database, { pollMs: tailPollMs, windowMs: tailWindowMs, onError });
  registerEventMetrics(metrics.registry, tail);
  const { training, engine } = await openEngine(config, database, logger, metrics);
  const predictions = new PredictionPool({
    storage: config.storage,
    // Models look at images of projects too; what is sent in for a prediction is measured when it comes.
    limits: imageLimits(config.limits, Math.max(config.limits.predictionImageBytes, config.limits.trainingImageBytes)),
    modelMemoryBytes: config.modelMemoryBytes,
    threads: config.predictions.threads,
  });
  const evaluations = new EvaluationPool({ storage: config.storage, cacheBytes: evaluationCacheBytes });
  const services = createServices({
    config,
    database,
    storage,
    engine,
    tail,
    signer,
    metrics,
    logger,
    predictions,
    evaluations,
  });
  const authenticator = new Authenticator(database, config.keylessPlayground && isLoopback(config.host));
  const schema = await buildGraphqlSchema();
  const { requestsPerMinute: perMinute } = config.rateLimits;
  const requestLimit = new RateLimit(database, { name: 'requests', perMinute, metrics });
  const checks = readinessChecks(database, storage, tail);
  const asked = { config, schema, database, services, authenticator, requestLimit, signer, metrics, logger, checks };
  const server = await buildServer(asked);
  const installationId = await ensureSecret(database, 'installation');
  const orphans = new OrphanCollector({ database, storage, installationId, metrics, logger });
  const watched = { database, storage, engine };
  const watch = new RunWatch({
    engine,
    logger,
    runs: [new TrainingRuns(watched), new ExportRuns(watched), new ImportRuns(watched)],
  });
  const sender = new NotificationSender({ database, exports: services.exports, urls: config.urls, logger });
  const housekeeping = new Housekeeping({ database, storage, services, orphans, logger });
  // From the outside in: first nothing new comes, last the database goes that all others write to.
  const close = async (): Promise<void> => {
    await server.close();
    await tail.stop();
    await housekeeping.stop();
    await sender.stop();
    await watch.stop();
    await training.stop();
    await predictions.close();
    await evaluations.close();
    await database.close();
    await tracing?.stop();
  };
  try {
    await tail.start();
    await training.start();
    watch.start();
    housekeeping.start();
    sender.start();
    await server.app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
      throw listenError(error, config);
    });
  } catch (error) {
    // A port that is taken, for one: threads left running would keep the process from ending.
    await close();
    throw error;
  }
  address.url = urlOf(config, server.app.server.address() as AddressInfo);
  const drainAndClose = async (): Promise<void> => {
    server.drain();
    await sleep(config.drainMs);
    await close();
  };
  return { url: address.url, ownerKey, close: drainAndClose };
}

function readinessChecks(database: Database, storage: Storage, tail: EventTail): ReadinessChecks {
  return {
    database: () => database.ping(),
    storage: () => storage.ping(),
    events: () => {
      if (tail.silentMs > eventSilenceMs) throw new Error('The events have not been read for too long.');
    },
  };
}

async function openEngine(
  { engine: settings, ...config }: Config,
  database: Database,
  logger: Logger,
  metrics: Metrics,
) {
  if (settings.kind === 'temporal') {
    // Temporal's client is large, so that it is loaded only where it is used.
    const { clientInterceptors } = await import('../workflows/engines/temporal-tracing.ts');
    const { TemporalEngine } = await import('../workflows/engines/temporal.ts');
    const interceptors = config.otlpEndpoint === undefined ? {} : await clientInterceptors();
    const engine = new TemporalEngine(settings, interceptors);
    // Workers are processes of their own.
    return { engine, training: { start: () => Promise.resolve(), stop: () => engine.close() } };
  }
  const training = new TrainingSupervisor({ ...config, engine: settings }, logger, metrics);
  return { training, engine: new EmbeddedEngine(database, () => training.poke()) };
}

function urlOf({ host }: Config, { port }: AddressInfo): string {
  // «Every address» is no address to go to.
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIP(host) !== 0 && ipaddr.process(host).range() === 'loopback');
