import { expect, it } from 'vitest';
import { Batches } from '../../../../workers/ml/detection/batches.ts';
import { detectorRecipe } from '../../../../workers/ml/detection/recipe.ts';
import { readViewPack, writeViewPack } from '../../../../workers/ml/detection/view-pack.ts';
import { ViewPool } from '../../../../workers/ml/view-pool.ts';

it('shows every picture once before any a second time, in orders that a break does not change', () => {
  const members = [3, 5, 8, 13, 21];
  const batches = new Batches(members, 4, 7);
  const steps = Array.from({ length: 10 }, (_, step) => batches.at(step));
  const pictures = steps.flat().map(({ picture }) => picture);
  for (let round = 0; round < 8; round++)
    expect(pictures.slice(round * 5, round * 5 + 5).sort((a, b) => a - b)).toEqual(members);
  expect(new Batches(members, 4, 7).at(6)).toEqual(steps[6]);
  expect(new Batches(members, 4, 8).at(6)).not.toEqual(steps[6]);
});

it('keeps view packs within a bound, those used last', async () => {
  const pack = writeViewPack({ inputSize: 32, views: [] });
  const loaded: number[] = [];
  const load = (picture: number) => Promise.resolve(loaded.push(picture)).then(() => pack);
  const pool = new ViewPool(load, readViewPack, 2 * pack.length);
  for (const picture of [0, 1, 0, 2, 0, 1]) await pool.get(picture);
  expect(loaded).toEqual([0, 1, 2, 1]);
});

it('plans steps and views by mode and pictures', () => {
  const plan = { mode: 'ADVANCED' as const, inputSize: 320, isTiled: false, imageCount: 140, partMinutes: 15 };
  expect(detectorRecipe({ ...plan, mode: 'QUICK' })).toMatchObject({ steps: 800, viewsPerImage: 12, heads: 1 });
  expect(detectorRecipe(plan)).toMatchObject({ steps: 1400, fewestSteps: 800, viewsPerImage: 19, heads: 3 });
  expect(detectorRecipe({ ...plan, partMinutes: 5 })).toMatchObject({ steps: 1400, heads: 1 });
  expect(detectorRecipe({ ...plan, imageCount: 16 })).toMatchObject({ steps: 900, fewestSteps: 500, heads: 3 });
  expect(detectorRecipe({ ...plan, mode: 'QUICK', mostSteps: 70 })).toMatchObject({ steps: 70, fewestSteps: 70 });
  expect(detectorRecipe({ ...plan, mostSteps: 170 })).toMatchObject({ steps: 140, tuning: { steps: 30 } });
  expect(detectorRecipe({ ...plan, mode: 'QUICK' }).tuning).toBeNull();
  expect(detectorRecipe({ ...plan, mode: 'QUICK', imageCount: 16 }).tuning).toMatchObject({ steps: 150 });
  expect(detectorRecipe(plan).tuning).toMatchObject({ steps: 300, fewestSteps: 0, batchSize: 8 });
  // At least what a QUICK one has.
  expect(detectorRecipe({ ...plan, imageCount: 16 }).tuning).toMatchObject({ steps: 300, fewestSteps: 150 });
  // All maps of the backbone in memory.
  expect(detectorRecipe({ ...plan, inputSize: 640 }).tuning?.batchSize).toBe(4);
  // Hardly a view is made that no step would see.
  expect(detectorRecipe({ ...plan, mode: 'QUICK', imageCount: 5000 }).viewsPerImage).toBe(3);
});
