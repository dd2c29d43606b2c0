import { expect, it } from 'vitest';
import { OnceEach } from '../../../workers/ml/once-each.ts';

it('makes one thing a key, for all who ask at once, and again after a failure', async () => {
  let calls = 0;
  const things = new OnceEach((key: string) => {
    calls++;
    return calls === 1 ? Promise.reject(new Error('no memory left')) : Promise.resolve(`${key} ${calls}`);
  });
  const both = await Promise.allSettled([things.of('a'), things.of('a')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await things.all()).toEqual([]);
  expect(await Promise.all([things.of('a'), things.of('a'), things.of('b')])).toEqual(['a 2', 'a 2', 'b 3']);
  expect(await things.all()).toEqual(['a 2', 'b 3']);
});
