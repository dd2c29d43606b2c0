import type { TaggedBox } from './boxes.ts';
import type { Grid, GridLevel } from './grid.ts';

/** A cell that is responsible for an object. */
export interface AssignedCell {
  cell: number;
  /** Index of the object. */
  object: number;
  /** What the score of its tag should become, 0 to 1. */
  target: number;
}

interface Candidate {
  cell: number;
  object: number;
  /** How well the proposal of the cell overlaps the object. */
  overlap: number;
  metric: number;
}

/** Edges in pixels, [left, top, right, bottom]. */
export type Edges = readonly [number, number, number, number];

const cellsPerObject = 10;
/** An object that covers no centre of a cell is still found by cells this near, in strides. */
const nearCentre = 0.75;

/**
 * Task-aligned assignment (Feng et al., 2021): the cells that agree best with an object, in tag and in place, are made
 * responsible for it; where two objects want a cell, the one that it overlaps more gets it.
 * @param proposed [cells * 4], see `proposedBoxes`
 * @param score of a tag at a cell, 0 to 1
 */
export function assignCells(
  grid: Grid,
  objects: readonly TaggedBox[],
  inputSize: number,
  proposed: Float64Array,
  score: (cell: number, tag: number) => number,
): AssignedCell[] {
  const owners = new Map<number, Candidate>();
  objects.forEach((box, object) => {
    const edges = edgesOf(box, inputSize);
    const candidates = cellsNear(grid, edges).map((cell): Candidate => {
      const overlap = overlapWith(proposed, cell, edges);
      return { cell, object, overlap, metric: Math.sqrt(score(cell, box.tagIndex)) * overlap ** 4 };
    });
    candidates.sort((a, b) => b.metric - a.metric);
    for (const candidate of candidates.slice(0, cellsPerObject)) {
      const owner = owners.get(candidate.cell);
      if (candidate.metric > 0 && (!owner || candidate.overlap > owner.overlap)) owners.set(candidate.cell, candidate);
    }
  });
  return withTargets([...owners.values()]);
}

/** The best cell of each object is to reach the best overlap of the object; the others in proportion. */
function withTargets(owned: Candidate[]): AssignedCell[] {
  const best = new Map<number, { metric: number; overlap: number }>();
  for (const { object, metric, overlap } of owned) {
    const before = best.get(object) ?? { metric: 0, overlap: 0 };
    best.set(object, { metric: Math.max(before.metric, metric), overlap: Math.max(before.overlap, overlap) });
  }
  return owned.map(({ cell, object, metric }) => {
    const most = best.get(object) as { metric: number; overlap: number };
    return { cell, object, target: (metric / most.metric) * most.overlap };
  });
}

export function edgesOf(box: TaggedBox, inputSize: number): Edges {
  return [
    box.left * inputSize,
    box.top * inputSize,
    (box.left + box.width) * inputSize,
    (box.top + box.height) * inputSize,
  ];
}

/** Cells whose centre lies in the object, or close to its middle. */
function cellsNear(grid: Grid, edges: Edges): number[] {
  return grid.levels.flatMap((level) => cellsOfLevel(level, edges));
}

function cellsOfLevel({ stride, side, start }: GridLevel, [left, top, right, bottom]: Edges): number[] {
  const near = nearCentre * stride;
  const [middleX, middleY] = [(left + right) / 2, (top + bottom) / 2];
  const columns = indexesBetween(Math.min(left, middleX - near), Math.max(right, middleX + near), stride, side);
  const rows = indexesBetween(Math.min(top, middleY - near), Math.max(bottom, middleY + near), stride, side);
  const cells: number[] = [];
  for (const row of rows) {
    for (const column of columns) {
      const [x, y] = [(column + 0.5) * stride, (row + 0.5) * stride];
      const isInside = x > left && x < right && y > top && y < bottom;
      if (isInside || (Math.abs(x - middleX) < near && Math.abs(y - middleY) < near))
        cells.push(start + row * side + column);
    }
  }
  return cells;
}

/** Cells along one side whose centres lie between two places. */
function indexesBetween(low: number, high: number, stride: number, side: number): number[] {
  const first = Math.max(0, Math.ceil(low / stride - 0.5));
  const last = Math.min(side - 1, Math.floor(high / stride - 0.5));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

function overlapWith(proposed: Float64Array, cell: number, [left, top, right, bottom]: Edges): number {
  const l = proposed[cell * 4] as number;
  const t = proposed[cell * 4 + 1] as number;
  const r = proposed[cell * 4 + 2] as number;
  const b = proposed[cell * 4 + 3] as number;
  const width = Math.min(r, right) - Math.max(l, left);
  const height = Math.min(b, bottom) - Math.max(t, top);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((r - l) * (b - t) + (right - left) * (bottom - top) - shared);
}
