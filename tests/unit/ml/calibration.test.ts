import { expect, it } from 'vitest';
import {
  fitTemperature,
  meanLogLoss,
  temperaturesOfOthers,
  type HeldOut,
} from '../../../workers/ml/classification/calibration.ts';
import { seededRandom } from '../../../workers/ml/random.ts';

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

const ofOthers = (own: HeldOut): number[] => temperaturesOfOthers(own, 'MULTICLASS', fitTemperature(own, 'MULTICLASS'));

it('a picture has the temperature of others, whatever its own tag is', () => {
  const logits = Array.from({ length: 23 }, (_, i) => [(i % 7) / 2, 1]);
  const targets = logits.map(([first = 0], i): number => (first > 1 === i % 5 > 0 ? 0 : 1));
  const usual = ofOthers(held(logits, targets));
  expect(usual).toHaveLength(23);
  const others =
    (tenth: number) =>
    <T>(all: T[]) =>
      all.filter((_, i) => i % 10 !== tenth);
  expect(usual[13]).toBe(fitTemperature(held(others(3)(logits), others(3)(targets)), 'MULTICLASS'));
  const changed = targets.with(4, 1 - (targets[4] ?? 0));
  const own = ofOthers(held(logits, changed));
  expect([own[4], own[14]]).toEqual([usual[4], usual[14]]);
  expect(own[5]).not.toBe(usual[5]);
});

it('small sets look no better at the temperatures of others than new pictures do', () => {
  const random = seededRandom(5);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const draw = (count: number) => {
    const logits = Array.from({ length: count }, () => Array.from({ length: 4 }, () => 1.5 * normal()));
    const targets = logits.map((own) => {
      const powers = own.map(Math.exp);
      let left = random() * powers.reduce((a, b) => a + b, 0);
      return Math.max(
        0,
        powers.findIndex((power) => (left -= power) <= 0),
      );
    });
    return held(logits, targets);
  };
  const fresh = draw(500);
  const sums = { fitted: 0, others: 0, truly: 0 };
  for (let set = 0; set < 60; set++) {
    const own = draw(20);
    const temperature = fitTemperature(own, 'MULTICLASS');
    sums.fitted += meanLogLoss(own, 'MULTICLASS', temperature) / 60;
    sums.truly += meanLogLoss(fresh, 'MULTICLASS', temperature) / 60;
    const each = ofOthers(own).map((at, i) =>
      meanLogLoss({ logits: own.logits.slice(i, i + 1), targets: own.targets.slice(i, i + 1) }, 'MULTICLASS', at),
    );
    sums.others += each.reduce((a, b) => a + b, 0) / 20 / 60;
  }
  expect(sums.fitted).toBeLessThan(sums.truly - 0.03);
  expect(Math.abs(sums.others - sums.truly)).toBeLessThan(0.03);
});

it('of many pictures all have the temperature of all', () => {
  const many = held(
    Array.from({ length: 1001 }, (_, i) => [i % 5, 1]),
    Array.from({ length: 1001 }, (_, i) => i % 2),
  );
  expect(new Set(ofOthers(many))).toEqual(new Set([fitTemperature(many, 'MULTICLASS')]));
});
