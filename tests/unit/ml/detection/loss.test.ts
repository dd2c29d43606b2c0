import { describe, expect, it } from 'vitest';
import { assignCells, edgesOf } from '../../../../workers/ml/detection/assignment.ts';
import type { TaggedBox } from '../../../../workers/ml/detection/boxes.ts';
import { generalisedOverlap } from '../../../../workers/ml/detection/giou.ts';
import { gridOf, proposedBoxes, type HeadOutputs } from '../../../../workers/ml/detection/grid.ts';
import { assignObjects, detectionLoss } from '../../../../workers/ml/detection/loss.ts';
import { seededRandom } from '../../../../workers/ml/random.ts';

const side = 64;
const tagCount = 2;
const grid = gridOf(side);
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

const objects: TaggedBox[][] = [
  [
    { tagIndex: 0, left: 0.1, top: 0.15, width: 0.4, height: 0.3 },
    { tagIndex: 1, left: 0.3, top: 0.25, width: 0.5, height: 0.6 },
    // Covers no centre of a cell.
    { tagIndex: 1, left: 0.79, top: 0.02, width: 0.03, height: 0.03 },
  ],
  [],
];

function randomOutputs(): HeadOutputs {
  const random = seededRandom(11);
  const plane = (channels: number, mean: number) =>
    grid.levels.map((level) =>
      Float32Array.from({ length: objects.length * channels * level.side ** 2 }, () => mean + random() - 0.5),
    );
  return { tags: plane(tagCount, -2), distances: plane(4, Math.LN2) };
}

/** The loss of the recipe written down plainly, with assignment and weights taken from `from`. */
function lossAround(from: HeadOutputs): (outputs: HeadOutputs) => number {
  const at = (levels: Float32Array[], channels: number, picture: number, cell: number, channel: number): number => {
    const level = grid.levels.findLastIndex(({ start }) => cell >= start);
    const { side: cells, start } = grid.levels[level] ?? { side: 0, start: 0 };
    return levels[level]?.[(picture * channels + channel) * cells ** 2 + cell - start] ?? NaN;
  };
  const assigned = objects.map((own, picture) =>
    assignCells(grid, own, side, proposedBoxes(grid, from.distances, picture), (cell, tag) =>
      sigmoid(at(from.tags, tagCount, picture, cell, tag)),
    ),
  );
  const norm = Math.max(
    1,
    assigned.flat().reduce((sum, { target }) => sum + target, 0),
  );
  return (outputs) => {
    let loss = 0;
    objects.forEach((own, picture) => {
      const targets = new Map(assigned[picture]?.map((one) => [one.cell, one]));
      const proposed = proposedBoxes(grid, outputs.distances, picture);
      for (let cell = 0; cell < grid.cellCount; cell++) {
        const one = targets.get(cell);
        const object = one && own[one.object];
        for (let tag = 0; tag < tagCount; tag++) {
          const target = one && object?.tagIndex === tag ? one.target : 0;
          const p = sigmoid(at(outputs.tags, tagCount, picture, cell, tag));
          const weight = target > 0 ? 1 : Math.sqrt(sigmoid(at(from.tags, tagCount, picture, cell, tag)));
          loss -= weight * (target * Math.log(p) + (1 - target) * Math.log(1 - p));
        }
        if (!one || !object) continue;
        const [l = 0, t = 0, r = 0, b = 0] = proposed.subarray(cell * 4, cell * 4 + 4);
        loss += 2 * one.target * (1 - generalisedOverlap([l, t, r, b], edgesOf(object, side)).value);
      }
    });
    return loss / norm;
  };
}

describe('the loss', () => {
  const outputs = randomOutputs();
  const assigned = assignObjects(grid, side, tagCount, outputs, objects);
  const { loss, gradients } = detectionLoss(grid, side, tagCount, outputs, objects, assigned);
  const plainly = lossAround(outputs);

  it('is what the recipe says', () => {
    expect(loss).toBeCloseTo(plainly(outputs), 6);
    expect(loss).toBeGreaterThan(0.5);
  });

  it.each(['tags', 'distances'] as const)('has the gradient along %s that finite differences have', (kind) => {
    let checked = 0;
    outputs[kind].forEach((level, l) => {
      level.forEach((value, i) => {
        const derivative = gradients[kind][l]?.[i] ?? NaN;
        // Most distances belong to cells without an object; a few of those will do.
        if (derivative === 0 && i % 17) return;
        const copy = { ...outputs, [kind]: outputs[kind].map((own) => own.slice()) };
        const own = copy[kind][l] as Float32Array;
        const lossAt = (moved: number): number => {
          own[i] = moved;
          return plainly(copy);
        };
        const [low, high] = [Math.fround(value - 2 ** -10), Math.fround(value + 2 ** -10)];
        const difference = (lossAt(high) - lossAt(low)) / (high - low);
        expect(difference).toBeCloseTo(derivative, 4);
        checked++;
      });
    });
    expect(checked).toBeGreaterThan(60);
  });

  it('sums up nothing but the background of an empty picture', () => {
    const empty = detectionLoss(grid, side, tagCount, outputs, [[], []], [[], []]);
    expect(empty.gradients.distances.every((level) => level.every((derivative) => derivative === 0))).toBe(true);
    expect(empty.gradients.tags.every((level) => level.every((derivative) => derivative > 0))).toBe(true);
  });
});

describe('generalised overlap', () => {
  it('is 1 for equal boxes, and below 0 for boxes far from each other', () => {
    expect(generalisedOverlap([1, 2, 5, 9], [1, 2, 5, 9]).value).toBeCloseTo(1, 12);
    expect(generalisedOverlap([0, 0, 1, 1], [9, 0, 10, 1]).value).toBeCloseTo(-0.8, 12);
  });

  it('has the gradient that finite differences have, also without overlap', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 50; round++) {
      const [a, b, c, d] = [random() * 20, random() * 20, random() * 9 + 1, random() * 9 + 1];
      const proposed = [a, b, a + c, b + d] as [number, number, number, number];
      const truth = [5, 6, 12, 10] as const;
      const { gradient } = generalisedOverlap(proposed, truth);
      gradient.forEach((along, edge) => {
        const value = (step: number): number => {
          const moved = [...proposed] as [number, number, number, number];
          moved[edge] = (moved[edge] ?? 0) + step;
          return generalisedOverlap(moved, truth).value;
        };
        expect((value(1e-5) - value(-1e-5)) / 2e-5).toBeCloseTo(along, 6);
      });
    }
  });
});
