import type { FastifyInstance } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderMetrics, type Metrics } from '../../infra/metrics.ts';

/** What a process needs to answer requests, by name; a check throws when it is not to be had. */
export type ReadinessChecks = Record<string, () => Promise<void> | void>;

interface HealthDeps {
  checks: ReadinessChecks;
  metrics: Metrics;
  isDraining: () => boolean;
}

/** A check that has not answered by then counts as failed: whoever asks has little patience itself. */
const checkTimeoutMs = 2000;

/** For those who watch over the process: is it alive, may it get requests, how is it doing. */
export function serveHealth(app: FastifyInstance, { checks, metrics, isDraining }: HealthDeps): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    if (isDraining()) return reply.code(503).send({ status: 'draining' });
    const failed = await failedChecks(checks);
    return failed.length === 0 ? { status: 'ready' } : reply.code(503).send({ status: 'unavailable', failed });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await renderMetrics(metrics)),
  );
}

async function failedChecks(checks: ReadinessChecks): Promise<string[]> {
  const names = Object.keys(checks);
  const passed = await Promise.all(names.map((name) => passes(checks[name] ?? (() => undefined))));
  return names.filter((_, index) => !passed[index]);
}

async function passes(check: () => Promise<void> | void): Promise<boolean> {
  const giveUp = new AbortController();
  const late = sleep(checkTimeoutMs, false, { signal: giveUp.signal }).catch(() => false);
  const done = Promise.resolve()
    .then(check)
    .then(
      () => true,
      () => false,
    );
  try {
    return await Promise.race([done, late]);
  } finally {
    giveUp.abort();
  }
}
