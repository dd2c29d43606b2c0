import { expect, test } from 'vitest';
import { closeAll } from '../../../workers/close-all.ts';

test('closes the last opened first and goes on after what cannot be closed', async () => {
  const closed: string[] = [];
  const told: unknown[] = [];
  const closer = (name: string) => () => Promise.resolve(void closed.push(name));
  const broken = new Error('It is in use.');
  await closeAll([closer('traces'), closer('database'), () => Promise.reject(broken), closer('health')], (error) =>
    told.push(error),
  );
  expect([closed, told]).toEqual([['health', 'database', 'traces'], [broken]]);
});
