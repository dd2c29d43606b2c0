import { describe, expect, it } from 'vitest';
import { assignCells } from '../../../../workers/ml/detection/assignment.ts';
import type { TaggedBox } from '../../../../workers/ml/detection/boxes.ts';
import { gridOf, proposedBoxes } from '../../../../workers/ml/detection/grid.ts';

const side = 128;
const grid = gridOf(side);
/** Every cell proposes a box of four strides around its centre. */
const distances = grid.levels.map((level) => new Float32Array(4 * level.side ** 2).fill(Math.LN2));
const proposed = proposedBoxes(grid, distances, 0);
const square = (x: number, y: number, edge: number): TaggedBox => ({
  tagIndex: 0,
  left: (x - edge / 2) / side,
  top: (y - edge / 2) / side,
  width: edge / side,
  height: edge / side,
});
const assign = (objects: TaggedBox[], score = (): number => 0.25) => assignCells(grid, objects, side, proposed, score);

describe('cells that are made responsible', () => {
  it('are those whose proposal fits, on the level of the object', () => {
    const assigned = assign([square(60, 60, 32)]);
    expect(assigned).toHaveLength(10);
    const best = assigned.reduce((a, b) => (b.target > a.target ? b : a));
    expect([grid.stride[best.cell], grid.x[best.cell], grid.y[best.cell]]).toEqual([8, 60, 60]);
    expect(best.target).toBeCloseTo(1, 6);
    expect(assigned.every(({ target }) => target > 0 && target <= 1)).toBe(true);
  });

  it('are found for an object smaller than a cell', () => {
    const assigned = assign([square(64, 64, 3)]);
    expect(new Set(assigned.map(({ cell }) => grid.stride[cell]))).toContain(8);
    expect(Math.max(...assigned.map(({ target }) => target))).toBeCloseTo(9 / 1024, 6);
  });

  it('belong to the object that their proposal overlaps more', () => {
    const assigned = assign([square(56, 60, 32), square(64, 60, 32)]);
    const owners = new Map(assigned.map(({ cell, object }) => [grid.x[cell], object]));
    expect(new Set(assigned.map(({ cell }) => cell)).size).toBe(assigned.length);
    expect([owners.get(52), owners.get(68)]).toEqual([0, 1]);
  });

  it('are chosen by their score too', () => {
    const sure = assign([square(60, 60, 34)]).at(-1)?.cell ?? -1;
    const assigned = assign([square(60, 60, 34)], ((cell: number) => (cell === sure ? 0.99 : 1e-6)) as () => number);
    expect(assigned[0]?.cell).toBe(sure);
  });
});
