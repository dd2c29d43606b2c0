import { expect, it } from 'vitest';
import { fitTemperature } from '../../../workers/ml/calibration.ts';

const held = (logits: number[][], targets: number[]) => ({
  logits: logits.map((own) => Float64Array.from(own)),
  targets: targets.map((target) => [target]),
});

it('a temperature cools what is too sure and heats what is too modest', () => {
  const tooSure = held(
    [
      [4, 0],
      [4, 0],
      [4, 0],
      [0, 4],
    ],
    [0, 0, 1, 1],
  );
  expect(fitTemperature(tooSure, 'MULTICLASS')).toBeCloseTo(2, 1);
  const tooModest = held(
    [
      [0.2, 0],
      [0, 0.2],
    ],
    [0, 1],
  );
  expect(fitTemperature(tooModest, 'MULTICLASS')).toBeCloseTo(0.5, 1);
});

it('a temperature is 1 where none is better: of images that no model was held out from', () => {
  expect(
    fitTemperature(
      held(
        [
          [0, 0],
          [0, 0],
        ],
        [0, 1],
      ),
      'MULTICLASS',
    ),
  ).toBe(1);
  expect(fitTemperature(held([], []), 'MULTICLASS')).toBe(1);
});
