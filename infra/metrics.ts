import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Named metrics of one process; a new registry each time, so tests and threads do not share one. */
export interface Metrics {
  registry: Registry;
  httpRequestSeconds: Histogram<'method' | 'route' | 'status'>;
  predictions: Counter<'outcome'>;
  predictionSeconds: Histogram;
  predictionQueueDepth: Gauge;
  orphansRemoved: Counter<'kind'>;
  /** Models that a prediction found loaded, or had to load. */
  modelLookups: Counter<'result'>;
  modelCacheBytes: Gauge<'thread'>;
  rateLimited: Counter<'limit'>;
  openSockets: Gauge;
  /** What threads of this process measured, by the name of the thread; the newest takes the place of the last. */
  threads: Map<string, MetricsSnapshot>;
}

/** Metrics as plain JSON, on their way from a thread. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What those measure who run activities, whether a thread of the server or a worker process. */
export interface WorkerMetrics {
  registry: Registry;
  activitySeconds: Histogram<'activity' | 'outcome'>;
  activityRetries: Counter<'activity'>;
}

export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  return {
    registry,
    httpRequestSeconds: new Histogram({
      name: 'taglens_http_request_seconds',
      help: 'Time to answer an HTTP request.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    predictions: new Counter({
      name: 'taglens_predictions_total',
      help: 'Predictions, by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    predictionSeconds: new Histogram({
      name: 'taglens_prediction_seconds',
      help: 'Time to compute a prediction, without waiting.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers,
    }),
    predictionQueueDepth: new Gauge({
      name: 'taglens_prediction_queue_depth',
      help: 'Predictions waiting.',
      registers,
    }),
    orphansRemoved: new Counter({
      name: 'taglens_orphans_removed_total',
      help: 'Stored objects removed because their row is gone or never existed, by kind; “unfinished”: interrupted uploads.',
      labelNames: ['kind'],
      registers,
    }),
    modelLookups: new Counter({
      name: 'taglens_model_lookups_total',
      help: 'Models that a prediction found in memory (hit) or loaded from storage (miss).',
      labelNames: ['result'],
      registers,
    }),
    modelCacheBytes: new Gauge({
      name: 'taglens_model_cache_bytes',
      help: 'Memory of loaded models, by prediction thread.',
      labelNames: ['thread'],
      registers,
    }),
    rateLimited: new Counter({
      name: 'taglens_rate_limited_total',
      help: 'Requests and predictions refused because a key exceeded its rate limit.',
      labelNames: ['limit'],
      registers,
    }),
    openSockets: new Gauge({ name: 'taglens_open_websockets', help: 'Websockets that are connected.', registers }),
    threads: new Map(),
  };
}

/** @param options.processMetrics also memory, event loop and so on: for a process of its own, not for a thread */
export function createWorkerMetrics(options: { processMetrics: boolean }): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  return {
    registry,
    activitySeconds: new Histogram({
      name: 'taglens_activity_seconds',
      help: 'Time of one attempt of an activity, by how it ended; the activities of a training are its phases.',
      labelNames: ['activity', 'outcome'],
      buckets: [0.05, 0.2, 1, 5, 20, 60, 300, 1200, 3600],
      registers,
    }),
    activityRetries: new Counter({
      name: 'taglens_activity_retries_total',
      help: 'Attempts of activities after the first.',
      labelNames: ['activity'],
      registers,
    }),
  };
}

/** The metrics of the process with those of its threads, in the text form of Prometheus. */
export async function renderMetrics({ registry, threads }: Pick<Metrics, 'registry' | 'threads'>): Promise<string> {
  const own = await registry.metrics();
  if (threads.size === 0) return own;
  return `${own}\n${await AggregatorRegistry.aggregate([...threads.values()]).metrics()}`;
}
