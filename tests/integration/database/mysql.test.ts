import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type SslOptions } from 'mysql2/promise';
import type { EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { OutcomeUnknownError, type Database } from '../../../infra/database/database.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { OutageError } from '../../../infra/outage.ts';
import { migrations } from '../../../migrations/index.ts';
import { entities } from '../../../schema/entities/index.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { ServerSecret } from '../../../schema/entities/server-secret.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { TagType } from '../../../schema/enums.ts';
import type { Backend } from '../../backends/backend.ts';
import { hasMysql, mysqlBackend } from '../../backends/mysql.ts';

const row = (entityId: string) => ({ topic: 't', entityId, projectId: null, payload: {}, createdAt: Date.now() });

describe.skipIf(!hasMysql)('on MySQL', () => {
  let backend: Backend;
  let database: Database;
  let url: string;
  const open = (address = url, ssl?: SslOptions) =>
    openDatabase({ kind: 'mysql', url: address, poolSize: 8, ssl }, entities, migrations, { migrate: true });
  const count = () => database.read.manager.count(EventRow);

  beforeEach(async () => {
    backend = (await mysqlBackend()) as Backend;
    url = backend.settings['TAGLENS_DATABASE_URL'] as string;
    database = await open();
  });
  afterEach(async () => {
    await database.close();
    await backend.close();
  });

  /** Ends every connection to this database from the server's side, as a restart would. */
  async function cutAll(): Promise<void> {
    const administrator = await mysql.createConnection(url);
    const [all] = await administrator.query<mysql.RowDataPacket[]>(
      'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
    );
    for (const { id } of all as { id: number }[]) await administrator.query('KILL ?', [id]).catch(() => undefined);
    await administrator.end();
  }

  test('processes that start at once bring the tables up to date once', async () => {
    const fresh = (await mysqlBackend()) as Backend;
    const address = fresh.settings['TAGLENS_DATABASE_URL'];
    const all = await Promise.all([open(address), open(address), open(address)]);
    const applied = await all[0].read.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
    expect(applied.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name));
    for (const one of all) await one.close();
    await fresh.close();
  });

  /** A change of a table that everybody uses, as a later version may bring. */
  class AddEventNote9999999999999 implements MigrationInterface {
    async up(runner: QueryRunner): Promise<void> {
      await runner.query('ALTER TABLE event ADD COLUMN note int');
    }
    down(): Promise<void> {
      return Promise.resolve();
    }
  }
  const upgrade = () =>
    openDatabase({ kind: 'mysql', url, poolSize: 2, ssl: undefined }, entities, [AddEventNote9999999999999], {
      migrate: true,
    });

  test('a change of tables that a backup reads waits for its end, and keeps nobody else waiting', async () => {
    const longest = { ms: 0 };
    let upgraded: Promise<Database> | undefined;
    await database.snapshot(async (manager) => {
      await manager.count(EventRow);
      upgraded = upgrade();
      upgraded.catch(() => undefined);
      for (const until = Date.now() + 8000; Date.now() < until; await sleep(50)) {
        const before = Date.now();
        await count();
        longest.ms = Math.max(longest.ms, Date.now() - before);
      }
    });
    const newer = await (upgraded as Promise<Database>);
    await newer.read.query('SELECT note FROM event');
    await newer.close();
    expect(longest.ms).toBeLessThan(5000);
  });

  test('a change of tables that somebody holds for too long says so', async () => {
    await database.snapshot(async (manager) => {
      await manager.count(EventRow);
      vi.useFakeTimers({ toFake: ['Date'] });
      onTestFinished(() => void vi.useRealTimers());
      const upgraded = upgrade();
      const refused = expect(upgraded).rejects.toThrow(/another session, such as a backup, holds them/);
      await sleep(1000);
      vi.setSystemTime(Date.now() + 601_000);
      await refused;
    });
  });

  test('keeps milliseconds, large numbers, long answers, and names apart by letter case and accent', async () => {
    const createdAt = new Date('2026-01-02T03:04:05.678Z');
    const names = ['apple', 'Apple', 'äpple'];
    const results = Array.from({ length: 500 }, (_, i) => {
      return {
        tagId: `${i}`.padStart(36, '0'),
        tagName: `a longer name of tag ${i} 🍎`,
        probability: i / 7,
        box: null,
        heatmap: null,
      };
    });
    const common = { projectId: 'p', createdAt };
    await database.transact(async (manager) => {
      for (const name of names)
        await manager.insert(Tag, { id: name, name, description: '', type: TagType.REGULAR, ...common });
      const answer = { iterationId: 'i', publishedName: null, results, durationMs: 0.1, isStored: true };
      await manager.insert(Prediction, { id: 'p', ...common, ...answer, expiresAt: null });
      await manager.insert(EventRow, { ...row('e'), createdAt: createdAt.getTime() });
    });
    const { manager } = database.read;
    expect(await manager.findOneByOrFail(Prediction, { id: 'p' })).toMatchObject({
      results,
      createdAt,
      durationMs: 0.1,
    });
    expect(JSON.stringify(results).length).toBeGreaterThan(2 ** 16);
    expect((await manager.findOneByOrFail(EventRow, { entityId: 'e' })).createdAt).toBe(createdAt.getTime());
    expect(await manager.countBy(Tag, { name: 'Apple' })).toBe(1);
  });

  test('every connection is encrypted when the settings say so, and none to a server whose certificate is not known', async () => {
    const encrypted = await open(url, { rejectUnauthorized: false });
    const cipherOf = async (manager: EntityManager) => {
      const [status] = await manager.query<{ Value: string }[]>("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
      return status?.Value;
    };
    const ciphers = [cipherOf(encrypted.read.manager), encrypted.transact(cipherOf), encrypted.snapshot(cipherOf)];
    for (const cipher of await Promise.all(ciphers)) expect(cipher).toMatch(/TLS|AES/);
    expect(await cipherOf(database.read.manager)).toBe('');
    await encrypted.close();
    await expect(open(url, {})).rejects.toThrow(/self-signed certificate/);
  });

  test('reading refuses to write', async () => {
    await expect(database.read.getRepository(EventRow).insert(row('b'))).rejects.toThrow(/READ ONLY/);
  });

  /** Lets a test wait for hours; what the driver itself waits for comes from the network. */
  function takeTheClock(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
  }

  test('a snapshot sees one moment for hours, and holds nobody back', async () => {
    takeTheClock();
    const few = await openDatabase({ kind: 'mysql', url, poolSize: 2, ssl: undefined }, entities, migrations);
    const counts = await few.snapshot(async (manager) => {
      const first = await manager.count(EventRow);
      await few.transact((writer) => writer.insert(EventRow, row('a')));
      await vi.advanceTimersByTimeAsync(3 * 3_600_000);
      return [first, await manager.count(EventRow)];
    });
    expect([...counts, await few.read.manager.count(EventRow)]).toEqual([0, 0, 1]);
    await few.close();
  });

  test('a snapshot refuses to write, and one whose server falls silent or is cut off ends as an outage', async () => {
    const write = database.snapshot((manager) => manager.insert(EventRow, row('a')));
    await expect(write).rejects.toThrow(/READ ONLY/);
    const cut = database.snapshot(async (manager) => {
      await cutAll();
      return manager.count(EventRow);
    });
    await expect(cut).rejects.toThrow(OutageError);
    takeTheClock();
    const silent = database.snapshot((manager) =>
      Promise.all([manager.query('SELECT SLEEP(5)'), vi.advanceTimersByTimeAsync(61_000)]),
    );
    await expect(silent).rejects.toThrow(/The server did not answer within 60000 ms/);
    await expect(silent).rejects.toThrow(OutageError);
  });

  test('two that lock each other out both get through', async () => {
    await database.transact((manager) =>
      manager.insert(ServerSecret, [
        { name: 'a', value: '' },
        { name: 'b', value: '' },
      ]),
    );
    let attempts = 0;
    const both = (first: string, second: string) =>
      database.transact(async (manager) => {
        attempts += 1;
        await manager.update(ServerSecret, { name: first }, { value: `${first} first` });
        await new Promise((resolve) => setTimeout(resolve, 100));
        await manager.update(ServerSecret, { name: second }, { value: `${first} first` });
      });
    await Promise.all([both('a', 'b'), both('b', 'a')]);
    expect(attempts).toBeGreaterThan(2);
    const values = (await database.read.manager.find(ServerSecret)).map(({ value }) => value);
    expect(new Set(values).size).toBe(1);
  });

  test('what somebody else inserted meanwhile is looked at again, and a lasting clash is told', async () => {
    const take = async (value: string) =>
      database.transact(async (manager) => {
        const known = await manager.findOneBy(ServerSecret, { name: 'n' });
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (!known) await manager.insert(ServerSecret, { name: 'n', value });
        return known?.value ?? value;
      });
    expect(new Set(await Promise.all([take('x'), take('y'), take('z')])).size).toBe(1);
    const again = database.transact((manager) => manager.insert(ServerSecret, { name: 'n', value: '' }));
    await expect(again).rejects.toThrow(/Duplicate entry/);
  });

  test('goes on over new connections after the server has ended all of them', async () => {
    await database.ping();
    await database.transact((manager) => manager.insert(EventRow, row('a')));
    await cutAll();
    expect(await Promise.all([count(), count(), count()])).toEqual([1, 1, 1]);
    await cutAll();
    await database.transact((manager) => manager.insert(EventRow, row('b')));
    expect(await count()).toBe(2);
  });

  test('a transaction that is cut before its commit runs again and counts once', async () => {
    let attempts = 0;
    await database.transact(async (manager) => {
      attempts += 1;
      await manager.insert(EventRow, row('a'));
      if (attempts === 1) await cutAll();
      await manager.insert(EventRow, row('b'));
    });
    expect([attempts, await count()]).toEqual([2, 2]);
  });

  test('a commit whose answer is lost is told as unknown and not repeated', async () => {
    const proxy = await cuttingProxy(Number(new URL(url).port));
    const address = new URL(url);
    address.port = String((proxy.address() as AddressInfo).port);
    const behind = await open(address.href);
    let attempts = 0;
    const work = behind.transact((manager) => {
      attempts += 1;
      return manager.insert(EventRow, row('a'));
    });
    await expect(work).rejects.toThrow(OutcomeUnknownError);
    expect([attempts, await count()]).toEqual([1, 1]);
    await behind.close();
    proxy.close();
  });
});

/** Hands everything on to the server, but what answers the first COMMIT after an insert never comes back. */
async function cuttingProxy(port: number): Promise<Server> {
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    let inserted = false;
    client.on('data', (bytes: Buffer) => {
      inserted ||= bytes.includes('INSERT INTO `event`');
      server.write(bytes);
      if (inserted && bytes.includes('COMMIT')) {
        server.removeAllListeners('data');
        setTimeout(() => client.destroy(), 100);
      }
    });
    server.on('data', (bytes: Buffer) => client.write(bytes));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const)
      one.on('error', () => undefined).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}
