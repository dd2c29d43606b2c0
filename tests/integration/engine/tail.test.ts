import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { EventTail } from '../../../infra/events/tail.ts';
import { EventRow } from '../../../schema/entities/event.entity.ts';
import { hasMysql } from '../../backends/mysql.ts';
import { createTestData, type TestData } from './setup.ts';

let files: TestData;
let database: Database;
let tail: EventTail;
beforeEach(async () => {
  files = await createTestData();
  database = await files.open();
  tail = new EventTail(database, { pollMs: 10, windowMs: 5000 });
});
afterEach(async () => {
  await tail.stop();
  await files.remove();
});

const filter = { topic: 'image.stored', entityId: 'i' };
const append = (entityId: string, n: number) =>
  database.transact((m) => appendEvent(m, { topic: 'image.stored', entityId, projectId: null, payload: { n } }));

async function take(events: AsyncIterator<EventRow>, count: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  while (seen.length < count) {
    const next = await events.next();
    if (next.done) break;
    seen.push((next.value.payload as { n: number }).n);
  }
  return seen;
}

test('delivers the events of one entity in order, once', async () => {
  await append('i', 0);
  await tail.start();
  const events = tail.subscribe(filter);
  for (let n = 1; n <= 20; n += 1) await append(n % 2 ? 'i' : 'other', n);
  expect(await take(events, 10)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await append('i', 99);
  expect(await take(events, 1)).toEqual([99]);
});

test('a client that comes back gets what it missed and then the rest, without gap or duplicate', async () => {
  await tail.start();
  for (let n = 1; n <= 5; n += 1) await append('i', n);
  const events = tail.subscribe(filter, 2);
  for (let n = 6; n <= 30; n += 1) {
    await append('i', n);
    tail.poke();
  }
  expect(await take(events, 28)).toEqual(Array.from({ length: 28 }, (_, index) => index + 3));
});

test('ends its subscriptions on stop, and one by return', async () => {
  await tail.start();
  const [one, two] = [tail.subscribe(filter), tail.subscribe(filter)];
  const waiting = one.next();
  await one.return?.();
  expect((await waiting).done).toBe(true);
  await tail.stop();
  expect((await two.next()).done).toBe(true);
});

/** As if the transaction that took this id had been committed only now. */
const commitLate = (id: number) =>
  database.transact((manager) => manager.insert(EventRow, { ...row, id, payload: { n: id } }));
const row = { ...filter, projectId: null, createdAt: 1 };

test('an id that was passed over is delivered when it appears, once', async () => {
  await commitLate(7);
  await tail.start();
  const events = tail.subscribe(filter);
  for (const id of [10, 9, 12]) {
    await commitLate(id);
    expect(await take(events, 1)).toEqual([id]);
  }
  for (const id of [8, 11, 13]) await commitLate(id);
  expect((await take(events, 3)).sort()).toEqual([11, 13, 8]);
  tail.poke();
  await commitLate(14);
  expect(await take(events, 1)).toEqual([14]);
});

test('an id that was passed over is not waited for for ever', async () => {
  tail = new EventTail(database, { pollMs: 10, windowMs: 100 });
  await commitLate(7);
  await tail.start();
  const events = tail.subscribe(filter);
  await commitLate(10);
  expect(await take(events, 1)).toEqual([10]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await commitLate(9);
  await commitLate(11);
  expect(await take(events, 1)).toEqual([11]);
});

test('a client that comes back also gets a lower id that was committed meanwhile, or later, once', async () => {
  await commitLate(7);
  await tail.start();
  const first = tail.subscribe(filter);
  await commitLate(10);
  expect(await take(first, 1)).toEqual([10]);
  await commitLate(8);
  expect(await take(first, 1)).toEqual([8]);
  const again = tail.subscribe(filter, 10);
  expect(await take(again, 1)).toEqual([8]);
  for (const id of [9, 11]) await commitLate(id);
  expect((await take(again, 2)).sort()).toEqual([11, 9]);
});

test.skipIf(!hasMysql)('transactions of two connections that end in the other order lose nothing', async () => {
  const other = await files.open(false);
  await tail.start();
  const events = tail.subscribe(filter);
  const [written, late] = [gate(), gate()];
  const first = other.transact(async (manager) => {
    await appendEvent(manager, { ...filter, projectId: null, payload: { n: 1 } });
    written.open();
    await late.opened;
  });
  await written.opened;
  await append('i', 2);
  expect(await take(events, 1)).toEqual([2]);
  late.open();
  await first;
  expect(await take(events, 1)).toEqual([1]);
});

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
