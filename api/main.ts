import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import ipaddr from 'ipaddr.js';
import { loadConfig, type Config } from '../infra/config.ts';
import type { Database } from '../infra/database/database.ts';
import { openDatabase } from '../infra/database/open.ts';
import { EventTail } from '../infra/events/tail.ts';
import { createLogger } from '../infra/logger.ts';
import { createMetrics } from '../infra/metrics.ts';
import { openStorage } from '../infra/storage/open.ts';
import type { Storage } from '../infra/storage/storage.ts';
import { startTracing } from '../infra/tracing.ts';
import { migrations } from '../migrations/index.ts';
import { entities } from '../schema/entities/index.ts';
import { EvaluationPool } from '../workers/evaluation-pool.ts';
import { useConfiguredProviders } from '../workers/execution-providers.ts';
import { PredictionPool } from '../workers/prediction-pool.ts';
import { TrainingSupervisor } from '../workers/training-supervisor.ts';
import { EmbeddedEngine } from '../workflows/engines/embedded.ts';
import type { Engine } from '../workflows/engines/engine.ts';
import { Authenticator } from './access/authentication.ts';
import { registerEventMetrics } from './event-metrics.ts';
import { imageLimits } from './features/images/image-intake.ts';
import { ImportRuns } from './features/copies/import-runs.ts';
import { ExportRuns } from './features/exports/export-runs.ts';
import { TrainingRuns } from './features/training/training-runs.ts';
import { NotificationSender } from './features/notifications/notification-sender.ts';
import type { ReadinessChecks } from './http/health.ts';
import { Housekeeping } from './upkeep/housekeeping.ts';
import { OrphanCollector } from './upkeep/orphans.ts';
import { registerIterationMetrics } from './iteration-metrics.ts';
import { ensureOwnerKey } from './access/keys.ts';
import { RateLimit } from './access/rate-limit.ts';
import { currentNotes } from './request-notes.ts';
import { buildGraphqlSchema } from './schema.ts';
import { buildServer, type BuiltServer } from './server.ts';
import { RunWatch } from './upkeep/run-watch.ts';
import { createServices, type Services } from './services.ts';
import { ensureSecret, UrlSigner } from './access/signing.ts';
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
  const ground = await openGround(loadConfig(env));
  const { config, tracing, database } = ground;
  const ownerKey = await ensureOwnerKey(database, config.ownerKey);
  const address = { url: '' };
  const signer = new UrlSigner(await ensureSecret(database, 'url-signing'), () => config.publicUrl ?? address.url);
  const tail = openTail(ground);
  const { training, engine } = await openEngine(ground);
  const { predictions, evaluations } = openPools(config);
  const services = createServices({ ...ground, engine, tail, signer, predictions, evaluations });
  const server = await openServer(ground, { services, signer, tail });
  const { watch, sender, housekeeping } = await createBackgroundWork(ground, { engine, services });
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

/** What everything else stands on. */
type Ground = Awaited<ReturnType<typeof openGround>>;

async function openGround(config: Config) {
  await useConfiguredProviders(config);
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
  return { config, logger, tracing, metrics, database, storage };
}

function openTail({ database, logger, metrics }: Ground): EventTail {
  const onError = (error: unknown): void => logger.error({ err: error }, 'events could not be read');
  const tail = new EventTail(database, { pollMs: tailPollMs, windowMs: tailWindowMs, onError });
  registerEventMetrics(metrics.registry, tail);
  return tail;
}

/** Threads that models and evaluations are kept in. */
function openPools({ storage, limits, modelMemoryBytes, predictions: { threads } }: Config) {
  // Models look at images of projects too; what is sent in for a prediction is measured when it comes.
  const largest = imageLimits(limits, Math.max(limits.predictionImageBytes, limits.trainingImageBytes));
  return {
    predictions: new PredictionPool({ storage, limits: largest, modelMemoryBytes, threads }),
    evaluations: new EvaluationPool({ storage, cacheBytes: evaluationCacheBytes }),
  };
}

async function openServer(
  { config, database, storage, metrics, logger }: Ground,
  { services, signer, tail }: { services: Services; signer: UrlSigner; tail: EventTail },
): Promise<BuiltServer> {
  const { requestsPerMinute: perMinute } = config.rateLimits;
  return buildServer({
    config,
    schema: await buildGraphqlSchema(),
    database,
    services,
    authenticator: new Authenticator(database, config.keylessPlayground && isLoopback(config.host)),
    requestLimit: new RateLimit(database, { name: 'requests', perMinute, metrics }),
    signer,
    metrics,
    logger,
    checks: readinessChecks(database, storage, tail),
  });
}

/** What goes on whether or not somebody asks. */
async function createBackgroundWork(
  { config, database, storage, metrics, logger }: Ground,
  { engine, services }: { engine: Engine; services: Services },
) {
  const installationId = await ensureSecret(database, 'installation');
  const orphans = new OrphanCollector({ database, storage, installationId, metrics, logger });
  const runDeps = { database, storage, engine };
  const runs = [new TrainingRuns(runDeps), new ExportRuns(runDeps), new ImportRuns(runDeps)];
  return {
    watch: new RunWatch({ engine, logger, runs }),
    sender: new NotificationSender({ database, exports: services.exports, urls: config.urls, logger }),
    housekeeping: new Housekeeping({ database, storage, services, orphans, logger }),
  };
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

async function openEngine({ config: { engine: settings, ...config }, database, logger, metrics }: Ground) {
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
