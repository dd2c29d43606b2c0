import { expect, it } from 'vitest';
import type { Box } from '../../../../workers/ml/detection/boxes.ts';
import { detectorRecipe, type DetectorRecipeInput } from '../../../../workers/ml/detection/recipe.ts';
import { fromLook, looksOf, tileShare, type Look } from '../../../../workers/ml/detection/looks.ts';
import { boxesInView, plainPlan, variedPlan } from '../../../../workers/ml/detection/view-plan.ts';
import { keyedRandom } from '../../../../workers/ml/random.ts';

const side = 64;
const expectPlace = (box: Box | null | undefined, place: Box): void => {
  for (const edge of ['left', 'top', 'width', 'height'] as const) expect(box?.[edge]).toBeCloseTo(place[edge], 9);
};

it('looks at all of the picture, and at every place in a tile that does not cut what is small', () => {
  const whole = { part: { left: 0, top: 0, width: 1, height: 1 }, isMirrored: false };
  expect(looksOf({ isTiled: false })).toEqual([whole]);
  const [, ...tiles] = looksOf({ isTiled: true });
  const small = 0.15;
  for (let left = 0; left <= 1 - small; left += 0.05)
    for (let top = 0; top <= 1 - small; top += 0.05) {
      const holds = ({ part: { left: x, top: y } }: Look): boolean =>
        x <= left && left + small <= x + tileShare + 1e-9 && y <= top && top + small <= y + tileShare + 1e-9;
      expect(tiles.some(holds), `${left} ${top}`).toBe(true);
    }
});

it('looks at all of that from right to left too, afterwards, if it is mirrored', () => {
  const plain = looksOf({ isTiled: true });
  const mirrored = plain.map((look) => ({ ...look, isMirrored: true }));
  expect(looksOf({ isTiled: true, isMirrored: true })).toEqual([...plain, ...mirrored]);
});

it.each([
  // The whole and one of the tiles hold it, from either side; with a margin another tile does.
  { filledShare: 1, holding: 4 },
  { filledShare: 0.8, holding: 6 },
])(
  'tells boxes where they are in the picture, as the views of training have them: $filledShare of a look is filled',
  ({ filledShare, holding }) => {
    const object = { tagIndex: 0, left: 0.55, top: 0.62, width: 0.1, height: 0.08 };
    const back = looksOf({ isTiled: true, isMirrored: true, filledShare }).flatMap((look) => {
      const [inView] = boxesInView(plainPlan(0, look, side), () => [object], side);
      return (inView && fromLook(look, inView)) ?? [];
    });
    expect(back).toHaveLength(holding);
    for (const box of back) expectPlace(box, object);
  },
);

it('leaves a margin around what it looks at, grey where the picture ends, and finds nothing in it', () => {
  const [whole] = looksOf({ isTiled: false, filledShare: 0.8 }) as [Look];
  const { patches } = plainPlan(0, whole, side);
  expectPlace(patches[0], { left: 0.1 * side, top: 0.1 * side, width: 0.8 * side, height: 0.8 * side });
  expect(fromLook(whole, { left: 0, top: 0.3, width: 0.1, height: 0.2 })).toBeNull();
  const acrossEdge = fromLook(whole, { left: 0.05, top: 0.5, width: 0.25, height: 0.4 });
  expectPlace(acrossEdge, { left: 0, top: 0.5, width: 0.25, height: 0.5 });
});

it('leaves what a tile cuts off to others, but not what the picture itself ends', () => {
  const [whole, upperLeft, upperRight] = looksOf({ isTiled: true }) as [Look, Look, Look];
  const atLeft = { left: 0, top: 0.3, width: 0.2, height: 0.2 };
  const atRight = { left: 0.8, top: 0.3, width: 0.2, height: 0.2 };
  const atBottom = { left: 0.4, top: 0.8, width: 0.2, height: 0.2 };
  const lefts = (look: Look) => [atLeft, atRight, atBottom].flatMap((box) => fromLook(look, box)?.left ?? []);
  expect(lefts(upperLeft)).toEqual([0]);
  expect(lefts(upperRight)).toEqual([1 - tileShare + 0.8 * tileShare]);
  for (const box of [atLeft, atRight, atBottom]) expectPlace(fromLook(whole, box), box);
});

/** Sizes of the picture in views that are no mosaics, in sides of the view. */
function sizesInViews(changes: Partial<DetectorRecipeInput>): number[] {
  const plan = { mode: 'QUICK' as const, inputSize: side, isTiled: false, imageCount: 100, partMinutes: null };
  const recipe = detectorRecipe({ ...plan, ...changes });
  return Array.from({ length: 400 }, (_, key) => {
    const { patches } = variedPlan(0, [0], recipe, keyedRandom(3, key));
    return patches.length === 1 ? (patches[0]?.width ?? 0) / side : null;
  }).filter((size) => size !== null);
}

const shareOf = (sizes: number[], is: (size: number) => boolean): number => sizes.filter(is).length / sizes.length;
/** The largest of the usual scale is 1.4 times, the smallest of the tiles' .75 / .6 times as large. */
const isLarge = (size: number): boolean => size > 1.4 * Math.exp(0.1);
const isSmall = (size: number): boolean => size < (0.75 / tileShare) * Math.exp(-0.1);

it('shows a tiled detector as many pictures at the scale of its tiles as at that of the whole', () => {
  const sizes = sizesInViews({ isTiled: true });
  expect(shareOf(sizes, isLarge)).toBeGreaterThan(0.25);
  expect(shareOf(sizes, isSmall)).toBeGreaterThan(0.25);
});

it('shows a detector with few pictures some of them from near, so that it learns of objects larger than those it has', () => {
  const sizes = sizesInViews({ imageCount: 20 });
  expect(shareOf(sizes, isLarge)).toBeGreaterThan(0.15);
  expect(shareOf(sizes, isLarge)).toBeLessThan(0.3);
  expect(shareOf(sizesInViews({}), isLarge)).toBe(0);
});
