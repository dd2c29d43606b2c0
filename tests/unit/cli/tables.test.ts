import { expect, test } from 'vitest';
import { formatConfusion, formatInterval, formatPerformance, formatTable } from '../../../cli/tables.ts';

const interval = { value: 0.92, low: 0.86, high: 0.95 };
const figures = { precision: interval, recall: interval, averagePrecision: interval };

test('lines the columns up', () => {
  const table = formatTable(
    ['tag', 'n'],
    [
      ['stop', '1'],
      ['no', '100'],
    ],
  );
  expect(table.split('\n')).toEqual(['tag     n', '────  ───', 'stop    1', 'no    100']);
});

test('shows half the interval as the error bar', () => {
  expect(formatInterval({ value: 0.5, low: 0.4, high: 0.6 })).toBe('50 % ±10');
});

test('shows each tag, then all of them', () => {
  const perTag = [{ tag: { id: '1', name: 'stop' }, ...figures, imageCount: 24 }];
  const lines = formatPerformance({ ...figures, perTag }).split('\n');
  expect(lines[2]).toMatch(/^stop +92 % ±4 +92 % ±4 +92 % ±4 +24$/u);
  expect(lines[3]).toMatch(/^all /u);
});

test('gives the confusion table a last column for none', () => {
  const tags = ['stop', 'yield'].map((name) => ({ id: name, name }));
  const rows = [
    [5, 0, 1],
    [2, 4, 0],
  ];
  const lines = formatConfusion({ tags, rows }).split('\n');
  expect(lines[0]).toMatch(/stop +yield +none$/u);
  expect(lines[2]).toMatch(/^stop +5 +· +1$/u);
});
