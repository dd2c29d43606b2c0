import { expect, test } from 'vitest';
import { compare } from '../../../cli/detection-demo.ts';

const left = { left: 0, top: 0, width: 0.5, height: 0.5 };
const right = { left: 0.5, top: 0.5, width: 0.5, height: 0.5 };
const nearly = { ...left, width: 0.45 };
const read = () => Promise.resolve(Buffer.alloc(0));

test('a box is right when it overlaps one of its tag that no other box has taken', () => {
  const boxes = [
    { tag: 'fork', ...left },
    { tag: 'knife', ...right },
  ];
  const found = [
    { tag: 'fork', probability: 0.9, box: nearly },
    { tag: 'fork', probability: 0.8, box: left },
    { tag: 'fork', probability: 0.7, box: right },
  ];
  expect(compare([{ photo: { name: 'a', boxes, read }, found }])).toEqual({ annotated: 2, right: 1, extra: 2 });
});
