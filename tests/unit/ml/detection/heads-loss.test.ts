import { expect, it } from 'vitest';
import { gridOf } from '../../../../workers/ml/detection/grid.ts';
import { outputName } from '../../../../workers/ml/detection/head-network.ts';
import { headsLoss } from '../../../../workers/ml/detection/heads-loss.ts';
import { levels } from '../../../../workers/ml/detection/view-pack.ts';
import type { OutputTensors } from '../../../../workers/ml/trainer/trainer.ts';

const shape = { inputSize: 64, headWidth: 8, heads: 2, tagCount: 1 };
const grid = gridOf(shape.inputSize);
/** Covers cells of every level. */
const object = { tagIndex: 0, left: 0.2, top: 0.2, width: 0.6, height: 0.6 };

/** Heads that are sure of the object on one level each, and of nothing on the others. */
function sureOf(levelOfHead: number[]): OutputTensors {
  const outputs: OutputTensors = {};
  levelOfHead.forEach((sure, head) =>
    levels.forEach((_, l) => {
      const cells = (grid.levels[l]?.side ?? 0) ** 2;
      const stride = grid.levels[l]?.stride ?? 0;
      outputs[outputName('tags', l, head)] = new Float32Array(cells).fill(l === sure ? 3 : -6);
      // Half of the object's side, in strides.
      outputs[outputName('distances', l, head)] = new Float32Array(4 * cells).fill(Math.log(19.2 / stride));
    }),
  );
  return outputs;
}

/** Cells that a head is to place its box better from. */
function responsible(gradients: OutputTensors, head: number): number[] {
  const cells = levels.flatMap((_, l) => {
    const { side = 0, start = 0 } = grid.levels[l] ?? {};
    const gradient = gradients[outputName('distances', l, head)] ?? [];
    return [...gradient].flatMap((derivative, i) => (derivative === 0 ? [] : [start + (i % side ** 2)]));
  });
  return [...new Set(cells)];
}

it('makes the same cells of all heads responsible for an object, so that their mean finds it', () => {
  const { gradients } = headsLoss(sureOf([0, 1]), [[object]], shape);
  expect(responsible(gradients, 0)).not.toEqual([]);
  expect(responsible(gradients, 1)).toEqual(responsible(gradients, 0));
});

it('is the loss of one head when all say the same', () => {
  const one = headsLoss(sureOf([1]), [[object]], { ...shape, heads: 1 });
  const two = headsLoss(sureOf([1, 1]), [[object]], shape);
  expect(two.loss).toBeCloseTo(one.loss, 6);
  expect(responsible(two.gradients, 1)).toEqual(responsible(one.gradients, 0));
});
