import { levels } from './view-pack.ts';

/** Where the cells of one level stand in the list of all cells: row by row from `start` on. */
export interface GridLevel {
  stride: number;
  /** Cells along one side. */
  side: number;
  start: number;
}

/** All cells of the three levels, in one list: the fine ones first. */
export interface Grid {
  levels: GridLevel[];
  cellCount: number;
  /** Centre of each cell and its stride, pixels. */
  x: Float64Array;
  y: Float64Array;
  stride: Float64Array;
}

/** What the head says, level by level: [batch, tags, side, side] and [batch, 4, side, side]. */
export interface HeadOutputs {
  tags: Float32Array[];
  distances: Float32Array[];
}

/** Raw distances are cut here: the exponential of more is larger than any picture, and of less smaller than a pixel. */
export const rawDistanceLimit = 6;

export function gridOf(inputSize: number): Grid {
  let cellCount = 0;
  const gridLevels = levels.map(({ stride }): GridLevel => {
    const level = { stride, side: inputSize / stride, start: cellCount };
    cellCount += level.side ** 2;
    return level;
  });
  const [x, y, strides] = [new Float64Array(cellCount), new Float64Array(cellCount), new Float64Array(cellCount)];
  for (const { stride, side, start } of gridLevels) {
    for (let i = 0; i < side * side; i++) {
      x[start + i] = ((i % side) + 0.5) * stride;
      y[start + i] = (Math.floor(i / side) + 0.5) * stride;
      strides[start + i] = stride;
    }
  }
  return { levels: gridLevels, cellCount, x, y, stride: strides };
}

/** Boxes that the cells of one picture propose: [cells * 4] left, top, right, bottom in pixels, also beyond the picture. */
export function proposedBoxes(grid: Grid, distances: readonly Float32Array[], picture: number): Float64Array {
  const boxes = new Float64Array(grid.cellCount * 4);
  grid.levels.forEach(({ side, start }, level) => {
    const cells = side * side;
    const raw = distances[level] as Float32Array;
    for (let i = 0; i < cells; i++) {
      const cell = start + i;
      for (let edge = 0; edge < 4; edge++) {
        boxes[cell * 4 + edge] = proposedEdge(grid, cell, edge, raw[(picture * 4 + edge) * cells + i] as number);
      }
    }
  });
  return boxes;
}

/** One edge of the box that a cell proposes, in pixels: 0 left, 1 top, 2 right, 3 bottom. */
export function proposedEdge({ x, y, stride }: Grid, cell: number, edge: number, raw: number): number {
  const distance = (stride[cell] as number) * Math.exp(limited(raw));
  const centre = (edge % 2 === 0 ? x[cell] : y[cell]) as number;
  return edge < 2 ? centre - distance : centre + distance;
}

function limited(raw: number): number {
  return Math.min(rawDistanceLimit, Math.max(-rawDistanceLimit, raw));
}
