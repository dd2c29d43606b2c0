import { expect, test } from 'vitest';
import { SizedCache } from '../../../infra/sized-cache.ts';

function recording(budgetBytes: number) {
  const disposed: string[] = [];
  const dispose = (value: string): Promise<void> => {
    disposed.push(value);
    return Promise.resolve();
  };
  return { disposed, cache: new SizedCache<string>(budgetBytes, (value) => value.length, dispose) };
}

const load = (value: string) => () => Promise.resolve(value);
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('disposes of the least recently used when the budget is spent', async () => {
  const { cache, disposed } = recording(6);
  for (const value of ['one', 'two', 'one', 'six']) await cache.get(value, load(value));
  await settled();
  expect(disposed).toEqual(['two']);
  expect(cache.usedBytes).toBe(6);
});

test('disposes of nothing that is still worked with', async () => {
  const { cache, disposed } = recording(6);
  const finish: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => finish.push(resolve));
  const users = [cache.use('one', load('one'), work), cache.use('one', load('one'), work)];
  await cache.get('longer', load('longer'));
  await settled();
  expect(disposed).toEqual([]);
  finish[0]?.();
  await users[0];
  await settled();
  expect(disposed).toEqual([]);
  finish[1]?.();
  await users[1];
  await settled();
  expect(disposed).toEqual(['one']);
});

test('forgets what failed to load', async () => {
  const { cache, disposed } = recording(6);
  await expect(cache.get('one', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await cache.get('one', load('one'))).toBe('one');
  expect(disposed).toEqual([]);
});
