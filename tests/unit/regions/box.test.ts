import { expect, test } from 'vitest';
import { checkedBox, isSameBox } from '../../../api/features/regions/box.ts';

const inside = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };

test('a box inside the picture stays as it is, to the last digit', () => {
  expect(checkedBox('box', inside)).toEqual(inside);
  expect(checkedBox('box', { left: 0, top: 0, width: 1, height: 1 })).toEqual({ left: 0, top: 0, width: 1, height: 1 });
});

test('an edge that was rounded beyond the picture is cut off', () => {
  expect(checkedBox('box', { ...inside, left: -0.0005, width: 0.5 })).toMatchObject({ left: 0, width: 0.4995 });
  const { left, width } = checkedBox('box', { ...inside, left: 0.5, width: 0.5008 });
  expect([left, left + width]).toEqual([0.5, 1]);
});

test.each([
  [{ left: -0.1 }, 'regions[3].left must be 0 to 1; it is -0.1.'],
  [{ top: 1.2 }, 'regions[3].top must be 0 to 1; it is 1.2.'],
  [{ left: 0.5, width: 0.75 }, 'regions[3].left + width must be 0 to 1; it is 1.25.'],
  [{ top: 0.5, height: 2 }, 'regions[3].top + height must be 0 to 1; it is 2.5.'],
  [{ width: 0 }, 'regions[3].width must be 0.001 to 1; it is 0.'],
  [{ left: 0.75, width: -0.5 }, 'regions[3].width must be 0.001 to 1; it is -0.5.'],
  [{ left: -0.0008, width: 0.001 }, 'regions[3].width must be 0.001 to 1; it is'],
])('%j is refused by name, limits and value', (sides, message) => {
  expect(() => checkedBox('regions[3]', { ...inside, ...sides })).toThrow(message);
});

test('boxes are the same when no pixel could tell them apart', () => {
  expect(isSameBox(inside, { ...inside, left: 0.1 + 1e-9 })).toBe(true);
  expect(isSameBox(inside, { ...inside, height: 0.401 })).toBe(false);
});
