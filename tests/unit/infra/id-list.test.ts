import { expect, test } from 'vitest';
import { IdList } from '../../../infra/storage/id-list.ts';
import { newId } from '../../../schema/id.ts';

const ids = Array.from({ length: 1001 }, () => newId());
const list = IdList.of(ids);

test('gives back the ids in their order', () => {
  expect(list.length).toBe(ids.length);
  expect(list.slice(0, ids.length)).toEqual(ids);
  expect(list.slice(999, 5000)).toEqual(ids.slice(999));
  expect(new IdList(Buffer.from(list.bytes)).slice(3, 5)).toEqual(ids.slice(3, 5));
});

test('finds those that it has, and no others', () => {
  expect(ids.every((id, index) => list.has(id) && list.countBelow(id) === index)).toBe(true);
  expect([newId(), '00000000-0000-7000-8000-000000000000'].map((id) => list.has(id))).toEqual([false, false]);
  expect(list.countBelow('00000000-0000-7000-8000-000000000000')).toBe(0);
  expect(list.countBelow(newId())).toBe(ids.length);
});

test('an empty list has nothing', () => {
  const empty = IdList.of([]);
  expect([empty.length, empty.has(newId()), empty.slice(0, 10)]).toEqual([0, false, []]);
});
