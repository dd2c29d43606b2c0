import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { formatFinding } from '../../../cli/doctor.ts';
import { examine, type NamedFinding } from '../../../operations/doctor/doctor.ts';
import { compareClocks } from '../../../operations/doctor/clock.ts';
import { checkNode } from '../../../operations/doctor/host-checks.ts';
import { RunRow } from '../../../schema/entities/run.entity.ts';
import { startWorker } from '../../../workers/main.ts';
import type { Backend } from '../../backends/backend.ts';
import { folderBackend } from '../../backends/folder.ts';
import { mysqlBackend } from '../../backends/mysql.ts';
import { s3Backend } from '../../backends/s3.ts';
import { temporalBackend } from '../../backends/temporal.ts';
import { withData, type Settings } from './setup.ts';

const backends: Backend[] = [];
afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.close();
});

/** Settings of fresh data, or null where the server is not named. */
async function fresh(make: () => Promise<Backend | null>): Promise<Settings | null> {
  const backend = await make();
  if (backend) backends.push(backend);
  return backend && { TAGLENS_PORT: '0', ...backend.settings };
}

const folder = async (): Promise<Settings> => (await fresh(folderBackend)) as Settings;
const failures = (findings: NamedFinding[]): string[] =>
  findings.filter(({ status }) => status === 'failed').map(({ name }) => name);
const named = (findings: NamedFinding[], name: string): NamedFinding | undefined =>
  findings.find((finding) => finding.name === name);

test('finds nothing wrong with an embedded service that was used', async () => {
  const settings = await folder();
  await withData(settings, () => Promise.resolve());
  const findings = await examine(settings);
  expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(findings.length).toBeGreaterThan(12);
});

test('leaves nothing behind of a data folder that is not there yet, and takes nothing that was there', async () => {
  const { TAGLENS_DATA = '' } = await folder();
  await mkdir(join(TAGLENS_DATA, 'kept'));
  const findings = await examine({ TAGLENS_PORT: '0', TAGLENS_DATA: join(TAGLENS_DATA, 'kept/new/data') });
  expect(named(findings, 'storage: put, get, range, delete')?.status).toBe('ok');
  expect(await readdir(TAGLENS_DATA, { recursive: true })).toEqual(['kept']);
});

test('lists every wrong setting and looks at nothing else', async () => {
  const findings = await examine({ TAGLENS_PORT: 'x', TAGLENS_PROT: '1' });
  expect(findings).toHaveLength(2);
  expect(failures(findings)).toEqual(['configuration', 'configuration']);
});

test.each(['a-file', 'a-file/data'])('says that the data folder cannot be written, and why: %s', async (path) => {
  const { TAGLENS_DATA = '' } = await folder();
  await writeFile(join(TAGLENS_DATA, 'a-file'), '');
  const findings = await examine({ TAGLENS_PORT: '0', TAGLENS_DATA: join(TAGLENS_DATA, path) });
  expect(named(findings, 'data folder')).toMatchObject({
    status: 'failed',
    remedy: expect.stringContaining('TAGLENS_DATA') as string,
  });
  expect(failures(findings)).toContain('storage: put, get, range, delete');
});

test.each([
  ['a missing migration', "DELETE FROM migrations WHERE name LIKE 'CreateServerSecret%'", '1 migration(s) missing'],
  ['tables of a newer version', "INSERT INTO migrations (timestamp, name) VALUES (9, 'Future9')", 'newer version'],
])('tells %s', async (_what, statement, message) => {
  const settings = await folder();
  await withData(settings, (database) => database.transact((manager) => manager.query(statement)));
  const finding = named(await examine(settings), 'database: tables');
  expect(finding).toMatchObject({ status: 'failed', message: expect.stringContaining(message) as string });
});

test('finds runs that nobody works on', async () => {
  const settings = await folder();
  const row = { id: 'r', name: 'n', group: null, input: {}, status: 'RUNNING' as const, createdAt: 1, leaseUntil: 1 };
  await withData(settings, (database) => database.transact((manager) => manager.insert(RunRow, row)));
  expect(named(await examine(settings), 'engine: runs')?.status).toBe('warning');
});

test('tells a port that another program has', async () => {
  const other = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  expect(failures(await examine({ ...(await folder()), TAGLENS_PORT: String(port) }))).toEqual(['port']);
  other.close();
});

test('says that nothing answers where Temporal and MySQL should be', async () => {
  const nowhere = { TAGLENS_TEMPORAL_ADDRESS: '127.0.0.1:1', TAGLENS_DATABASE_URL: 'mysql://a:b@127.0.0.1:1/c' };
  const findings = await examine({ ...(await folder()), ...nowhere });
  expect(failures(findings)).toEqual(['database: reachable', 'engine: reachable']);
  expect(named(findings, 'database: reachable')).toMatchObject({ remedy: expect.stringContaining('Start') as string });
});

test.each<[number, string]>([
  [20_000, 'failed'],
  [-20_000, 'failed'],
  [3000, 'ok'],
])('a clock that is %i ms off is %s', (offMs, status) => {
  expect(compareClocks(1_000_000 + offMs, 1_000_000, 1_000_100).status).toBe(status);
});

test.each([
  ['20.18.0', 'failed'],
  ['20.19.0', 'ok'],
  ['21.9.0', 'failed'],
  ['26.0.0', 'ok'],
])('Node %s is %s', (version, status) => {
  expect(checkNode(version).status).toBe(status);
});

test('says on the second line what to do, without colours when piped', () => {
  const finding: NamedFinding = { name: 'port', status: 'failed', message: 'taken', remedy: 'Stop it.' };
  expect(formatFinding(finding, false)).toBe('FAILED  port: taken\n        → Stop it.');
  expect(formatFinding(finding, true)).toContain('✘');
});

describe('on real servers', () => {
  test('MySQL: all is well, and a wrong password is told', async ({ skip }) => {
    const settings = await fresh(mysqlBackend);
    if (!settings) return skip('TAGLENS_TEST_MYSQL_URL is not set');
    await withData(settings, () => Promise.resolve());
    const data = await folder();
    expect(failures(await examine({ ...data, ...settings }))).toEqual([]);
    const url = new URL(settings['TAGLENS_DATABASE_URL'] as string);
    url.password = 'wrong';
    expect(named(await examine({ ...data, TAGLENS_DATABASE_URL: url.href }), 'database: reachable')).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('password') as string,
    });
  });

  test('S3: all is well, and a missing bucket is told', async ({ skip }) => {
    const settings = await fresh(s3Backend);
    if (!settings) return skip('TAGLENS_TEST_S3_ENDPOINT is not set');
    const data = await folder();
    const findings = await examine({ ...data, ...settings });
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(named(findings, 'storage: direct upload')?.message).toContain('signed PUT');
    const missing = await examine({ ...data, ...settings, TAGLENS_S3_BUCKET: 'taglens-is-not-there' });
    expect(named(missing, 'storage: reachable')?.message).toContain('no such bucket');
  });

  test('Temporal: tells a missing worker, a missing namespace, and that all is well', async ({ skip }) => {
    const settings = await fresh(temporalBackend);
    if (!settings) return skip('TAGLENS_TEST_TEMPORAL_ADDRESS is not set');
    const all = { ...(await folder()), ...settings, TAGLENS_LOG_LEVEL: 'silent' };
    await withData(all, () => Promise.resolve());
    expect(failures(await examine(all))).toEqual(['engine: workers']);
    expect(failures(await examine({ ...all, TAGLENS_TEMPORAL_NAMESPACE: 'nowhere' }))).toContain('engine: namespace');
    const worker = await startWorker(all);
    // A queue shows its pollers only once the first has asked.
    let found = await examine(all);
    for (let tries = 0; tries < 20 && failures(found).length > 0; tries++) found = await examine(all);
    await worker.close();
    expect(failures(found)).toEqual([]);
  });
});
