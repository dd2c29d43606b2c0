import type { OutputTensors } from '../trainer/trainer.ts';
import type { TaggedBox } from './boxes.ts';
import { gridOf, type HeadOutputs } from './grid.ts';
import { outputName, type HeadShape } from './head-network.ts';
import { assignObjects, detectionLoss } from './loss.ts';
import { levels } from './view-pack.ts';

/**
 * Each head learns by itself, but for the cells that it is responsible for: those are chosen by the mean of all, which is what
 * predicts. Left to themselves, heads find an object at different cells, and their mean finds it nowhere. Gradients are
 * clipped together: they are those of the sum of the losses.
 */
export function headsLoss(
  outputs: OutputTensors,
  objects: readonly TaggedBox[][],
  { inputSize, tagCount, heads }: HeadShape,
): { loss: number; gradients: OutputTensors } {
  const grid = gridOf(inputSize);
  const said = Array.from({ length: heads }, (_, head) => byLevel(outputs, head));
  const assigned = assignObjects(grid, inputSize, tagCount, meanOf(said), objects);
  let loss = 0;
  const gradients: OutputTensors = {};
  for (const [head, own] of said.entries()) {
    const { loss: ownLoss, gradients: ownGradients } = detectionLoss(grid, inputSize, tagCount, own, objects, assigned);
    loss += ownLoss / heads;
    Object.assign(gradients, byName(ownGradients, head));
  }
  return { loss, gradients };
}

function byLevel(outputs: OutputTensors, head: number): HeadOutputs {
  const named = (kind: 'tags' | 'distances'): Float32Array[] =>
    levels.map((_, l) => outputs[outputName(kind, l, head)] as Float32Array);
  return { tags: named('tags'), distances: named('distances') };
}

/** What the detector says: the mean of its heads, see `foldWeights`. */
function meanOf(said: readonly HeadOutputs[]): HeadOutputs {
  const mean = (kind: keyof HeadOutputs): Float32Array[] =>
    levels.map((_, l) => meanArray(said.map((own) => own[kind][l] as Float32Array)));
  return { tags: mean('tags'), distances: mean('distances') };
}

function meanArray(arrays: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(arrays[0]?.length ?? 0);
  for (const array of arrays) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (array[i] as number);
  return sum.map((value) => value / arrays.length);
}

function byName({ tags, distances }: HeadOutputs, head: number): OutputTensors {
  return Object.fromEntries(
    levels.flatMap((_, l) => [
      [outputName('tags', l, head), tags[l] as Float32Array],
      [outputName('distances', l, head), distances[l] as Float32Array],
    ]),
  );
}
