import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderBackend } from '../../backends/folder.ts';
import type { Database } from '../../../infra/database/database.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { createTestData, type TestData } from '../engine/setup.ts';

let files: TestData;
let database: Database;
beforeEach(async () => {
  files = await createTestData(folderBackend);
  database = await files.open();
});
afterEach(() => files.remove());

const row = (entityId: string) => ({ topic: 't', entityId, projectId: null, payload: {}, createdAt: 1 });
const count = () => database.read.getRepository(EventRow).count();

test('migrations and entities agree', async () => {
  const { upQueries } = await database.read.driver.createSchemaBuilder().log();
  expect(upQueries.map((query) => query.query)).toEqual([]);
});

test('fifty concurrent transactions do not interleave, and a failed one leaves nothing', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) =>
      database.transact(async (manager) => {
        const before = await manager.count(EventRow);
        await manager.insert(EventRow, row(`e${index}`));
        await new Promise((resolve) => setImmediate(resolve));
        expect(await manager.count(EventRow)).toBe(before + 1);
        if (index === 25) throw new Error('on purpose');
      }),
    ),
  );
  expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
  expect(await count()).toBe(49);
});

test('a disk that was full costs the writes that were refused, and none of those after it', async () => {
  const pages = (limit: number) => database.transact((manager) => manager.query(`PRAGMA max_page_count = ${limit}`));
  const write = (entityId: string, text = '') =>
    database.transact((manager) => manager.insert(EventRow, { ...row(entityId), payload: { text } }));
  await pages(1); // Its present size: SQLite takes no smaller limit.
  await expect(write('too large', 'x'.repeat(1_000_000))).rejects.toThrow('full');
  await pages(1_000_000);
  await write('room again');
  await expect(database.transact(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await write('after a refusal');
  expect(await count()).toBe(2);
});

test('reads see committed rows only, and each new commit', async () => {
  await database.transact(async (manager) => {
    await manager.insert(EventRow, row('a'));
    expect(await count()).toBe(0);
  });
  expect(await count()).toBe(1);
  await expect(database.read.getRepository(EventRow).insert(row('b'))).rejects.toThrow(/readonly/);
});

test('two writers on one file wait for each other without blocking the thread', async () => {
  const other = await files.open(false);
  const write = (one: Database, id: string) =>
    one.transact(async (manager) => {
      await manager.insert(EventRow, row(id));
      await new Promise((resolve) => setTimeout(resolve, 3));
    });
  await Promise.all(Array.from({ length: 20 }, (_, i) => write(i % 2 ? other : database, `e${i}`)));
  expect(await count()).toBe(20);
});

test('a lone null or binary parameter is bound', async () => {
  expect(await database.read.query('SELECT ? AS a', [null])).toEqual([{ a: null }]);
  const [found] = await database.read.query<{ a: ArrayBuffer }[]>('SELECT ? AS a', [Buffer.from([1, 2])]);
  expect([...new Uint8Array(found?.a as ArrayBuffer)]).toEqual([1, 2]);
});

test('a worker thread writes the same file at the same time', async () => {
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    const Database = require('libsql');
    const db = new Database(workerData + '/taglens.sqlite');
    db.pragma('busy_timeout = 5000');
    const insert = db.prepare("INSERT INTO event (topic, entity_id, payload, created_at) VALUES ('w', ?, '{}', 1)");
    for (let i = 0; i < 50; i += 1) insert.run(['w' + i]);
    db.close();
    parentPort.postMessage('done');`;
  const worker = new Worker(source, { eval: true, workerData: files.settings['TAGLENS_DATA'] });
  const done = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await Promise.all(Array.from({ length: 50 }, (_, i) => database.transact((m) => m.insert(EventRow, row(`m${i}`)))));
  await done;
  expect(await count()).toBe(100);
});
