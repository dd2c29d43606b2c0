import { describe, expect, it } from 'vitest';
import { clipToPicture, iou, suppressOverlaps, type DetectedBox } from '../../../../workers/ml/detection/boxes.ts';

const box = (left: number, probability: number, tagIndex = 0): DetectedBox => ({
  left,
  top: 0.2,
  width: 0.2,
  height: 0.2,
  tagIndex,
  probability,
});

it('measures how far boxes overlap', () => {
  expect(iou(box(0, 1), box(0, 1))).toBeCloseTo(1, 12);
  expect(iou(box(0, 1), box(0.1, 1))).toBeCloseTo(1 / 3, 12);
  expect(iou(box(0, 1), box(0.2, 1))).toBe(0);
  expect(iou(box(0, 1), box(0.5, 1))).toBe(0);
});

it('cuts boxes at the edges of the picture', () => {
  const cut = clipToPicture({ left: -0.1, top: 0.9, width: 0.3, height: 0.3 });
  expect([cut.left, cut.top]).toEqual([0, 0.9]);
  expect(cut.width).toBeCloseTo(0.2, 12);
  expect(cut.height).toBeCloseTo(0.1, 12);
});

describe('suppression', () => {
  it('drops what overlaps a more probable box of its tag', () => {
    const boxes = [box(0.05, 0.6), box(0, 0.9), box(0.05, 0.7, 1), box(0.5, 0.3)];
    const kept = suppressOverlaps(boxes, { iouThreshold: 0.45, maxBoxes: 200 });
    expect(kept.map(({ probability }) => probability)).toEqual([0.9, 0.7, 0.3]);
  });

  it('keeps what overlaps no more than allowed, and no more boxes than allowed', () => {
    const boxes = [box(0, 0.9), box(0.05, 0.6), box(0.5, 0.3)];
    expect(suppressOverlaps(boxes, { iouThreshold: 0.7, maxBoxes: 200 })).toHaveLength(3);
    expect(suppressOverlaps(boxes, { iouThreshold: 0.7, maxBoxes: 2 })).toEqual(boxes.slice(0, 2));
  });
});
