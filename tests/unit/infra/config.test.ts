import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, describeSettings, loadConfig, withoutSettings } from '../../../infra/config.ts';
import { createLogger } from '../../../infra/logger.ts';
import { createMetrics } from '../../../infra/metrics.ts';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('has a default for everything', () => {
  const config = loadConfig({});
  expect(config).toMatchObject({ host: '127.0.0.1', port: 4000, ownerKey: undefined, introspection: true });
  expect(config.limits.trainingImageBytes).toBe(6_000_000);
  expect(config.engine).toEqual({ kind: 'embedded', leaseMs: 15_000, pollMs: 500 });
  expect(config.database).toEqual({ kind: 'sqlite', folder: './.taglens' });
  expect(config.storage).toEqual({ kind: 'disk', folder: '.taglens/objects' });
  expect(describeSettings().find((row) => row.name === 'TAGLENS_PORT')?.default).toBe('4000');
});

test('lists every problem at once and no value', () => {
  const env = {
    TAGLENS_PORT: 'eleventy',
    TAGLENS_LOG_LEVEL: 'loud',
    TAGLENS_URL_ALLOW: '10.0.0.0/99',
    TAGLENS_PROT: '1',
  };
  const problems = problemsOf(env);
  expect(problems).toHaveLength(4);
  expect(problems.join()).not.toMatch(/eleventy|loud|10\.0/);
});

test('lets pass what a shell has exported for the import and for clients', () => {
  expect(problemsOf({ TAGLENS_URL: 'http://127.0.0.1:4000', TAGLENS_KEY: 'tl_x' })).toEqual([]);
});

test('reads a secret from a file, and refuses both', () => {
  const folder = mkdtempSync(join(tmpdir(), 'taglens-'));
  const file = join(folder, 'key');
  writeFileSync(file, 'secret\n');
  expect(loadConfig({ TAGLENS_OWNER_KEY_FILE: file }).ownerKey).toBe('secret');
  expect(problemsOf({ TAGLENS_OWNER_KEY_FILE: file, TAGLENS_OWNER_KEY: 'x' })).toHaveLength(1);
  expect(problemsOf({ TAGLENS_OWNER_KEY_FILE: join(folder, 'none') })).toHaveLength(1);
  rmSync(folder, { recursive: true });
});

test('takes servers for rows, objects and trainings when they are named', () => {
  const env = {
    TAGLENS_DATABASE_URL: 'mysql://user:password@db:3306/taglens',
    TAGLENS_S3_BUCKET: 'photos',
    TAGLENS_S3_ACCESS_KEY_ID: 'id',
    TAGLENS_S3_SECRET_ACCESS_KEY: 'secret',
    TAGLENS_TEMPORAL_ADDRESS: 'temporal:7233',
  };
  const { database, storage, engine } = loadConfig(env);
  expect(database).toEqual({ kind: 'mysql', url: env.TAGLENS_DATABASE_URL, poolSize: 10, ssl: undefined });
  expect(storage).toMatchObject({ kind: 's3', bucket: 'photos', credentials: { accessKeyId: 'id' }, direct: true });
  expect(engine).toMatchObject({ kind: 'temporal', address: 'temporal:7233', taskQueue: 'taglens', tls: undefined });
});

test('encrypts the way to MySQL as its address says, and refuses what it does not know there, by name alone', () => {
  const url = 'mysql://user:password@db:3306/taglens';
  const databaseOf = (query: string) => loadConfig({ TAGLENS_DATABASE_URL: `${url}?${query}` }).database;
  expect(databaseOf('ssl=true')).toMatchObject({ url, ssl: { verifyIdentity: true } });
  const ssl = { ca: 'MII+x/=', rejectUnauthorized: false };
  expect(databaseOf(`ssl=${encodeURIComponent(JSON.stringify(ssl))}`)).toMatchObject({ url, ssl });
  for (const query of ['ssl=yes', 'ssl=[1]', 'ssl=', 'charset=secret', 'ssl=true&timezone=secret']) {
    const problems = problemsOf({ TAGLENS_DATABASE_URL: `${url}?${query}` });
    expect(problems).toEqual([expect.stringMatching(/ssl/)]);
    expect(problems.join()).not.toMatch(/secret|password/);
  }
  const unescaped = { TAGLENS_DATABASE_URL: 'mysql://user:half?other@db/taglens' };
  expect(problemsOf(unescaped)).toEqual([expect.stringContaining('must be of the form mysql://')]);
});

test('refuses half a pair of keys, certificates that are not there, and a database of another kind', () => {
  const env = {
    TAGLENS_DATABASE_URL: 'postgres://user:password@db/taglens',
    TAGLENS_S3_BUCKET: 'photos',
    TAGLENS_S3_ACCESS_KEY_ID: 'id',
    TAGLENS_TEMPORAL_ADDRESS: 'temporal:7233',
    TAGLENS_TEMPORAL_TLS_CA_FILE: '/nowhere/ca.pem',
  };
  expect(problemsOf(env)).toHaveLength(3);
  expect(problemsOf(env).join()).not.toMatch(/postgres|nowhere/);
});

test('allows hosts and ranges', () => {
  expect(loadConfig({ TAGLENS_URL_ALLOW: 'Photos.local, 10.0.0.0/8,::1' }).urls.allow).toEqual([
    'photos.local',
    '10.0.0.0/8',
    '::1',
  ]);
});

test('logger and metrics can be made', async () => {
  createLogger({ level: 'silent', name: 'test' }).info('nothing');
  const metrics = createMetrics({ processMetrics: false });
  metrics.predictions.inc({ outcome: 'answered' });
  expect(await metrics.registry.metrics()).toContain('taglens_predictions_total{outcome="answered"} 1');
});

test('an environment without settings keeps what is of others, and what is asked for', () => {
  const env = { PATH: '/bin', TAGLENS_DATA: 'a', TAGLENS_TEST_S3_ENDPOINT: 'b', TAGLENS_TRAINING_THREADS: '1' };
  expect(withoutSettings(env)).toEqual({ PATH: '/bin' });
  expect(withoutSettings(env, /_THREADS$/)).toEqual({ PATH: '/bin', TAGLENS_TRAINING_THREADS: '1' });
});
