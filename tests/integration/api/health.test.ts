import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { serveHealth, type ReadinessChecks } from '../../../api/http/health.ts';
import { createMetrics } from '../../../infra/metrics.ts';

async function ready(checks: ReadinessChecks, isDraining = false): Promise<[number, unknown]> {
  const app = Fastify();
  serveHealth(app, { checks, metrics: createMetrics({ processMetrics: false }), isDraining: () => isDraining });
  const { statusCode, body } = await app.inject('/readyz');
  await app.close();
  return [statusCode, JSON.parse(body)];
}

const fine = () => undefined;
const broken = () => {
  throw new Error('It is gone.');
};
const rejected = () => Promise.reject(new Error('It is gone.'));
const silent = () => new Promise<void>(() => undefined);

test('is ready when every check passes', async () => {
  expect(await ready({ database: fine, storage: () => Promise.resolve() })).toEqual([200, { status: 'ready' }]);
});

test('names what is missing, and gives up on what does not answer', async () => {
  const answer = await ready({ one: fine, two: broken, three: rejected, four: silent });
  expect(answer).toEqual([503, { status: 'unavailable', failed: ['two', 'three', 'four'] }]);
});

test('is not ready while it drains, whatever the checks say', async () => {
  expect(await ready({ one: fine }, true)).toEqual([503, { status: 'draining' }]);
});
