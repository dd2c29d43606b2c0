import { expect, test } from 'vitest';
import { unexplainedReads, type Operation } from '../e2e/publication-history.ts';

const write = (value: string | null, invokedAt: number, answeredAt: number): Operation => ({
  kind: 'write',
  value,
  invokedAt,
  answeredAt,
});
const read = (value: string | null, invokedAt: number, answeredAt: number): Operation => ({
  ...write(value, invokedAt, answeredAt),
  kind: 'read',
});

test('explains what was published before, and nothing before anything is published', () => {
  expect(unexplainedReads([read(null, 0, 1), write('a', 2, 3), read('a', 4, 5)])).toEqual([]);
});

test('explains both values while one replaces the other, and before an answer came', () => {
  const writes = [write('a', 0, 1), write('b', 10, 20)];
  expect(unexplainedReads([...writes, read('a', 12, 15), read('b', 12, 15), read('a', 5, 30)])).toEqual([]);
  expect(unexplainedReads([...writes, write(null, 30, Infinity), read(null, 40, 50), read('b', 60, 70)])).toEqual([]);
});

test('explains either of two writes whose order nobody knows', () => {
  const writes = [write('a', 0, 10), write('b', 5, 15)];
  expect(unexplainedReads([...writes, read('a', 20, 21), read('b', 20, 21)])).toEqual([]);
});

test('finds a read of a model that was replaced before the question', () => {
  const stale = read('a', 21, 30);
  expect(unexplainedReads([write('a', 0, 1), write('b', 10, 20), stale])).toEqual([stale]);
});

test('finds a read of a model that was withdrawn, one that was never published, and one from the future', () => {
  const [withdrawn, unknown, early] = [read('a', 30, 31), read('z', 5, 6), read('c', 35, 39)];
  const history = [write('a', 0, 1), write(null, 10, 20), write('c', 40, 41), withdrawn, unknown, early];
  expect(unexplainedReads(history)).toEqual([withdrawn, unknown, early]);
});

test('finds «no model» while a model was published all the time', () => {
  const gap = read(null, 12, 15);
  expect(unexplainedReads([write('a', 0, 1), write('b', 10, 20), gap])).toEqual([gap]);
});
