import { expect, it } from 'vitest';
import { fromFloat16, toFloat16 } from '../../../workers/ml/float16.ts';

it('keeps every half as it is', () => {
  const halves = Uint16Array.from({ length: 0x10000 }, (_, i) => i).filter((half) => (half & 0x7c00) !== 0x7c00);
  expect(toFloat16(fromFloat16(halves))).toEqual(halves);
});

it('rounds to the nearest half, ties to even', () => {
  const ulp = 2 ** -10;
  const between = Float32Array.of(
    1 + ulp / 2,
    1 + 1.5 * ulp,
    1 + 0.51 * ulp,
    -1 - 0.49 * ulp,
    2 ** -25,
    1.5 * 2 ** -24,
  );
  expect([...fromFloat16(toFloat16(between))]).toEqual([1, 1 + 2 * ulp, 1 + ulp, -1, 0, 2 ** -23]);
});

it('knows what is too large, and what is no number', () => {
  expect([...fromFloat16(toFloat16(Float32Array.of(65504, 65519, 65520, -1e9, NaN)))]).toEqual([
    65504,
    65504,
    Infinity,
    -Infinity,
    NaN,
  ]);
});
