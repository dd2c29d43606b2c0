import { assignCells, edgesOf, type AssignedCell, type Edges } from './assignment.ts';
import type { TaggedBox } from './boxes.ts';
import { generalisedOverlap } from './giou.ts';
import { proposedBoxes, proposedEdge, rawDistanceLimit, type Grid, type HeadOutputs } from './grid.ts';

export interface DetectionLoss {
  loss: number;
  /** As the outputs, level by level. */
  gradients: HeadOutputs;
}

const placeWeight = 2;

/** The cells responsible for the objects of each picture of a batch, chosen by the outputs of the detector. */
export function assignObjects(
  grid: Grid,
  inputSize: number,
  tagCount: number,
  outputs: HeadOutputs,
  objects: readonly TaggedBox[][],
): AssignedCell[][] {
  return objects.map((own, picture) => {
    const { score } = new PictureOutputs(grid, tagCount, outputs, picture);
    return assignCells(grid, own, inputSize, proposedBoxes(grid, outputs.distances, picture), score);
  });
}

/**
 * Binary cross-entropy of every tag at every cell against the soft targets of the assignment, and 1 - GIoU where a cell is
 * responsible. Assignment, targets and weights count as given: no gradient flows through them.
 * @param objects of each picture of the batch
 * @param assigned to them, see `assignObjects`
 */
export function detectionLoss(
  grid: Grid,
  inputSize: number,
  tagCount: number,
  outputs: HeadOutputs,
  objects: readonly TaggedBox[][],
  assigned: readonly AssignedCell[][],
): DetectionLoss {
  const gradients = {
    tags: outputs.tags.map((level) => new Float32Array(level.length)),
    distances: outputs.distances.map((level) => new Float32Array(level.length)),
  };
  let loss = backgroundLoss(outputs.tags, gradients.tags);
  for (const [picture, own] of objects.entries()) {
    const view = new PictureOutputs(grid, tagCount, outputs, picture);
    for (const { cell, object, target } of assigned[picture] ?? []) {
      const box = own[object] as TaggedBox;
      loss += tagLoss(view, gradients.tags, cell, box.tagIndex, target);
      loss += placeLoss(view, gradients.distances, cell, edgesOf(box, inputSize), placeWeight * target);
    }
  }
  const scale = 1 / Math.max(1, sumOfTargets(assigned.flat()));
  const scaled = (level: Float32Array): Float32Array => level.map((gradient) => gradient * scale);
  return {
    loss: loss * scale,
    gradients: { tags: gradients.tags.map(scaled), distances: gradients.distances.map(scaled) },
  };
}

function sumOfTargets(assigned: AssignedCell[]): number {
  return assigned.reduce((sum, { target }) => sum + target, 0);
}

/** Every score as if nothing were there; weighted by its root, so that confident mistakes count and the many quiet cells do not. */
function backgroundLoss(tags: Float32Array[], gradients: Float32Array[]): number {
  let loss = 0;
  tags.forEach((level, l) => {
    const gradient = gradients[l] as Float32Array;
    for (let i = 0; i < level.length; i++) {
      const score = sigmoid(level[i] as number);
      const weight = Math.sqrt(score);
      loss += weight * softplus(level[i] as number);
      gradient[i] = weight * score;
    }
  });
  return loss;
}

/** Replaces the background's share of this cell and tag; returns by how much the loss changes. */
function tagLoss(view: PictureOutputs, gradients: Float32Array[], cell: number, tag: number, target: number): number {
  const { level, index } = view.tagAt(cell, tag);
  const logit = (view.outputs.tags[level] as Float32Array)[index] as number;
  const score = sigmoid(logit);
  (gradients[level] as Float32Array)[index] = score - target;
  return softplus(logit) - target * logit - Math.sqrt(score) * softplus(logit);
}

function placeLoss(
  view: PictureOutputs,
  gradients: Float32Array[],
  cell: number,
  truth: Edges,
  weight: number,
): number {
  const { value, gradient } = generalisedOverlap(view.proposed(cell), truth);
  gradient.forEach((along, edge) => {
    const { level, index } = view.distanceAt(cell, edge);
    const raw = (view.outputs.distances[level] as Float32Array)[index] as number;
    if (Math.abs(raw) > rawDistanceLimit) return;
    const distance = view.strideOf(cell) * Math.exp(raw);
    // The left and upper edge move against their distance.
    const outwards = edge < 2 ? -along : along;
    (gradients[level] as Float32Array)[index] = -weight * outwards * distance;
  });
  return weight * (1 - value);
}

/** One picture's part of the outputs. */
class PictureOutputs {
  constructor(
    private readonly grid: Grid,
    private readonly tagCount: number,
    readonly outputs: HeadOutputs,
    private readonly picture: number,
  ) {}

  proposed(cell: number): Edges {
    const edge = (at: number): number => {
      const { level, index } = this.distanceAt(cell, at);
      return proposedEdge(this.grid, cell, at, (this.outputs.distances[level] as Float32Array)[index] as number);
    };
    return [edge(0), edge(1), edge(2), edge(3)];
  }

  readonly score = (cell: number, tag: number): number => {
    const { level, index } = this.tagAt(cell, tag);
    return sigmoid((this.outputs.tags[level] as Float32Array)[index] as number);
  };

  tagAt(cell: number, tag: number): { level: number; index: number } {
    return this.at(cell, this.picture * this.tagCount + tag);
  }

  distanceAt(cell: number, edge: number): { level: number; index: number } {
    return this.at(cell, this.picture * 4 + edge);
  }

  strideOf(cell: number): number {
    return this.grid.stride[cell] as number;
  }

  private at(cell: number, plane: number): { level: number; index: number } {
    const level = this.grid.levels.findLastIndex(({ start }) => cell >= start);
    const { side, start } = this.grid.levels[level] as Grid['levels'][number];
    return { level, index: plane * side * side + cell - start };
  }
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function softplus(logit: number): number {
  return Math.max(0, logit) + Math.log1p(Math.exp(-Math.abs(logit)));
}
