import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackbone, type Backbone } from '../../../workers/ml/backbones/backbone.ts';
import { backbones } from '../../../workers/ml/backbones/registry.ts';
import { iou, type Box } from '../../../workers/ml/detection/boxes.ts';
import { gridCells } from '../../../workers/ml/region-proposals/grid-cells.ts';
import { mergedRegions } from '../../../workers/ml/region-proposals/merged-regions.ts';
import { proposeRegions } from '../../../workers/ml/region-proposals/propose-regions.ts';

describe('merging cells', () => {
  test('keeps what is different apart until the end, and shares out all difference among the merges', () => {
    const side = 6;
    const isInside = (x: number, y: number): boolean => x >= 1 && x < 4 && y >= 2 && y < 4;
    const cells = Float32Array.from({ length: side * side }, (_, i) =>
      isInside(i % side, Math.floor(i / side)) ? 5 + (i % 3) / 10 : (i % 2) / 10,
    );
    const regions = mergedRegions(cells, side);
    expect(regions).toHaveLength(2 * side * side - 2);
    const [most] = regions.toSorted((a, b) => b.distinctness - a.distinctness || a.cellCount - b.cellCount);
    expect(most).toMatchObject({ left: 1, top: 2, right: 4, bottom: 4, cellCount: 6 });
    expect(most?.distinctness).toBeGreaterThan(0.99);
    // Every merge joins two regions and is told by both.
    expect(regions.reduce((sum, { distinctness }) => sum + distinctness, 0)).toBeCloseTo(2);
  });

  test('finds nothing distinct where all cells are alike', () => {
    expect(mergedRegions(new Float32Array(16).fill(3), 4).every(({ distinctness }) => distinctness === 0)).toBe(true);
  });
});

test('maps of several sides become one grid in which each counts the same', () => {
  const fine = { values: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]), side: 4 };
  const coarse = { values: Float32Array.from([0, 100, 200, 300, 1, 1, 1, 1]), side: 2 };
  const cells = gridCells([fine, coarse], 4);
  expect(cells).toHaveLength(16 * 3);
  const column = (c: number): number[] => Array.from({ length: 16 }, (_, i) => cells[i * 3 + c] ?? NaN);
  const fineColumn = column(0);
  expect(fineColumn.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
  expect(fineColumn.reduce((sum, value) => sum + value ** 2, 0) / 16).toBeCloseTo(1, 4);
  // Corners of the coarse map stay what they are, half of its variance for each of its two channels; between them it is linear.
  const [first, second, third, last] = column(1);
  expect((last ?? 0) - (first ?? 0)).toBeCloseTo(100 / (Math.sqrt(12_500) * Math.SQRT2), 4);
  expect((second ?? 0) - (first ?? 0)).toBeCloseTo(((last ?? 0) - (first ?? 0)) / 4, 4);
  expect((third ?? 0) - (second ?? 0)).toBeCloseTo(((last ?? 0) - (first ?? 0)) / 2, 4);
  expect(new Set(column(2))).toEqual(new Set([0]));
});

describe('proposing regions', () => {
  let backbone: Backbone;
  beforeAll(async () => {
    backbone = await openBackbone(backbones['efficientnet-lite0']);
  });
  afterAll(() => backbone.release());

  const drawn = (shapes: string): Promise<Buffer> =>
    sharp(
      Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480">
      <rect width="640" height="480" fill="#cbc4b8"/>${shapes}</svg>`),
    )
      .jpeg()
      .toBuffer();

  test('finds what lies on a plain ground among its first ten', async () => {
    const bytes = await drawn(`
      <circle cx="180" cy="160" r="70" fill="#b02020"/><circle cx="180" cy="160" r="40" fill="#f0e0d0"/>
      <rect x="400" y="250" width="140" height="170" fill="#204080"/><rect x="420" y="270" width="100" height="40" fill="#ffe060"/>`);
    const proposals = (await proposeRegions(backbone, bytes)).slice(0, 10);
    const objects: Box[] = [
      { left: 110 / 640, top: 90 / 480, width: 140 / 640, height: 140 / 480 },
      { left: 400 / 640, top: 250 / 480, width: 140 / 640, height: 170 / 480 },
    ];
    for (const object of objects)
      expect(Math.max(...proposals.map((proposal) => iou(proposal, object)))).toBeGreaterThan(0.5);
    const confidences = proposals.map(({ confidence }) => confidence);
    expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
  });

  test('finds nothing in a blank picture', async () => {
    expect(await proposeRegions(backbone, await drawn(''))).toEqual([]);
  });
});
