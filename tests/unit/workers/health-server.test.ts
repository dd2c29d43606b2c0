import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { HealthServer } from '../../../workers/health-server.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('says that the process lives, whether it is ready, and its metrics', async () => {
  const registry = new Registry();
  new Counter({ name: 'answers_total', help: 'Answers.', registers: [registry] }).inc(3);
  let isReady = (): Promise<boolean> => Promise.resolve(true);
  const health = await HealthServer.start('127.0.0.1', await freePort(), registry, () => isReady());
  const statusOf = async (path: string) => (await fetch(`${health.url}${path}`)).status;
  expect(await Promise.all(['/healthz', '/readyz', '/elsewhere'].map(statusOf))).toEqual([200, 200, 404]);
  isReady = () => Promise.resolve(false);
  expect(await statusOf('/readyz')).toBe(503);
  isReady = () => Promise.reject(new Error('no database'));
  expect(await Promise.all(['/healthz', '/readyz'].map(statusOf))).toEqual([200, 503]);
  expect(await (await fetch(`${health.url}/metrics`)).text()).toContain('answers_total 3');
  await health.stop();
  await expect(statusOf('/healthz')).rejects.toThrow();
});

test('a port that is taken refuses the start', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const start = HealthServer.start('127.0.0.1', port, new Registry(), () => Promise.resolve(true));
  await expect(start).rejects.toThrow('EADDRINUSE');
  await new Promise((resolve) => taken.close(resolve));
});

test('port 0 means none', async () => {
  const health = await HealthServer.start('127.0.0.1', 0, new Registry(), () => Promise.resolve(true));
  expect(health.url).toBeNull();
  await health.stop();
});
