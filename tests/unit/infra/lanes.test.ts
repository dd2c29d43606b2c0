import { expect, test } from 'vitest';
import { Gate } from '../../../api/gate.ts';
import { DomainError } from '../../../api/errors.ts';

/** Work that ends when it is told to. */
function held(): { work: () => Promise<void>; end: () => void } {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { work: () => done, end };
}

test('runs no more at once than it has lanes, in order', async () => {
  const gate = new Gate({ concurrency: 1, queueLimit: 10 });
  const order: number[] = [];
  const first = held();
  const all = [0, 1, 2].map((i) => gate.run(async () => (order.push(i), i === 0 ? first.work() : undefined)));
  await Promise.resolve();
  expect(order).toEqual([0]);
  first.end();
  await Promise.all(all);
  expect(order).toEqual([0, 1, 2]);
});

test('refuses at once when the queue is full, and says when to come back', async () => {
  const depths: number[] = [];
  const gate = new Gate({ concurrency: 1, queueLimit: 1, onDepth: (depth) => depths.push(depth) });
  const first = held();
  const [running, waiting] = [gate.run(first.work), gate.run(() => Promise.resolve())];
  const refusal: unknown = await gate.run(() => Promise.resolve()).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(DomainError);
  expect(refusal).toMatchObject({ code: 'TOO_BUSY', status: 429, details: { queueLimit: 1, retryAfterSeconds: 1 } });
  first.end();
  await Promise.all([running, waiting]);
  expect(depths).toEqual([1, 0]);
  await expect(gate.run(() => Promise.reject(new Error('own fault')))).rejects.toThrow('own fault');
  await gate.run(() => Promise.resolve());
});
