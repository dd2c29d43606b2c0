import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Named metrics of one process; a new registry each time, so tests and threads do not share one. */
export interface Metrics {
  registry: Registry;
  httpRequestSeconds: Histogram<'method' | 'route' | 'status'>;
  predictions: Counter<'outcome'>;
  predictionSeconds: Histogram;
  predictionQueueDepth: Gauge;
  orphansRemoved: Counter<'kind'>;
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
      help: 'Rows that never were or are gone, whose stored objects were removed, by kind; «unfinished»: broken-off puts.',
      labelNames: ['kind'],
      registers,
    }),
  };
}
