import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../infra/database/database.ts';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { EventTail } from '../../../infra/events/tail.ts';
import type { EventRow } from '../../../schema/entities/event.entity.ts';
import { createTestData, type TestData } from './setup.ts';

let files: TestData;
let database: Database;
let tail: EventTail;
beforeEach(async () => {
  files = await createTestData();
  database = await files.open();
  tail = new EventTail(database, { pollMs: 10, windowMs: 100 });
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
