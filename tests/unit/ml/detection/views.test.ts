import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackbone, type Backbone } from '../../../../workers/ml/backbones/backbone.ts';
import { backbones } from '../../../../workers/ml/backbones/registry.ts';
import type { TaggedBox } from '../../../../workers/ml/detection/boxes.ts';
import { readViewPack, writeViewPack } from '../../../../workers/ml/detection/view-pack.ts';
import { looksOf, type Look } from '../../../../workers/ml/detection/looks.ts';
import { drawView } from '../../../../workers/ml/detection/view-drawing.ts';
import { boxesInView, plainPlan, variedPlan } from '../../../../workers/ml/detection/view-plan.ts';
import { PictureSet, plainMaps, renderViews, type TrainingPicture } from '../../../../workers/ml/detection/views.ts';
import { ImageRefusal } from '../../../../workers/ml/images/image-refusal.ts';
import type { Raster } from '../../../../workers/ml/images/image.ts';
import { keyedRandom } from '../../../../workers/ml/random.ts';

/** Black, with one white rectangle; its box goes with it. */
function scene(box: TaggedBox, width = 160, height = 120): Raster {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = Math.round(box.top * height); y < Math.round((box.top + box.height) * height); y++) {
    const [from, to] = [Math.round(box.left * width), Math.round((box.left + box.width) * width)];
    rgb.fill(255, (y * width + from) * 3, (y * width + to) * 3);
  }
  return { rgb, width, height };
}

const objects: TaggedBox[] = [
  { tagIndex: 0, left: 0.25, top: 0.25, width: 0.25, height: 0.5 },
  { tagIndex: 1, left: 0.5, top: 0.1, width: 0.3, height: 0.3 },
];
const rasters = objects.map((box) => scene(box));
const side = 64;
const sized = { inputSize: side, isTiled: false, closeUpShare: 0 };
const [whole] = looksOf(sized) as [Look];

/** Edges of what is light in a view, pixels, within a region. */
function lightEdges(view: Float32Array, isIn: (x: number, y: number) => boolean): number[] {
  let [left, top, right, bottom] = [side, side, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      // Lighter than the grey where no picture is.
      if ((view[y * side + x] as number) < 0.15 || !isIn(x, y)) continue;
      [left, top, right, bottom] = [
        Math.min(left, x),
        Math.min(top, y),
        Math.max(right, x + 1),
        Math.max(bottom, y + 1),
      ];
    }
  }
  return [left, top, right, bottom];
}

describe('a view', () => {
  it('is, when plain, the whole picture with its boxes', () => {
    const plan = plainPlan(0, whole, side);
    const view = drawView(plan, (picture) => rasters[picture] as Raster, side);
    expect(lightEdges(view, () => true)).toEqual([16, 16, 32, 48]);
    expect(boxesInView(plan, (picture) => [objects[picture] as TaggedBox], side)).toEqual([objects[0]]);
    expect([Math.min(...view), Math.max(...view)]).toEqual([-127 / 128, 1]);
  });

  it('takes the boxes along wherever it puts a picture', () => {
    let seen = { scaled: 0, mosaics: 0, flipped: 0 };
    for (let key = 0; key < 100; key++) {
      // Colours stay, as this test looks for white on black.
      const plan = { ...variedPlan(0, [0, 1], sized, keyedRandom(4, key)), contrast: 1, brightness: 1, saturation: 1 };
      const view = drawView(plan, (picture) => rasters[picture] as Raster, side);
      const boxes = boxesInView(plan, (picture) => [objects[picture] as TaggedBox], side);
      seen = {
        scaled: seen.scaled + Number(plan.patches.length === 1),
        mosaics: seen.mosaics + Number(plan.patches.length === 4),
        flipped: seen.flipped + Number(plan.isFlipped),
      };
      for (const box of boxes) {
        const edges = [box.left, box.top, box.left + box.width, box.top + box.height].map((edge) => edge * side);
        const [l = 0, t = 0, r = 0, b = 0] = edges;
        const found = lightEdges(view, (x, y) => x > l - 1.5 && x < r + 0.5 && y > t - 1.5 && y < b + 0.5);
        edges.forEach((edge, i) => expect(Math.abs(edge - (found[i] as number))).toBeLessThan(1.6));
      }
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(15);
  });

  it('fills a mosaic up with any other picture of the fold, and with itself once', () => {
    const drawn = Array.from({ length: 200 }, (_, key) => variedPlan(2, [0, 2, 5], sized, keyedRandom(8, key)));
    const mosaics = drawn.filter(({ patches }) => patches.length === 4);
    const pictures = mosaics.map(({ patches }) => patches.map(({ picture }) => picture));
    for (const own of pictures) expect(own.filter((picture) => picture === 2)).toHaveLength(1);
    const share = pictures.flat().filter((picture) => picture === 0).length / (3 * mosaics.length);
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.65);
  });

  it('drops an object of which too little is left', () => {
    const plan = plainPlan(0, whole, side);
    const moved = (left: number) => ({ ...plan, patches: plan.patches.map((patch) => ({ ...patch, left })) });
    const boxesAt = (left: number) => boxesInView(moved(left), () => [objects[0] as TaggedBox], side);
    // The object lies between 16 and 32 of 64 pixels.
    expect(boxesAt(-26)).toHaveLength(1);
    expect(boxesAt(-26)[0]).toMatchObject({ left: 0, width: 6 / 64 });
    expect(boxesAt(-27)).toHaveLength(0);
  });
});

it.each([
  { what: 'a panorama', width: 1280, height: 64, looks: { isTiled: false }, rows: 4 },
  { what: 'a photograph in tiles', width: 400, height: 225, looks: { isTiled: true }, rows: 6 },
])('shows in a plain look of $what what its rows can show', async ({ width, height, looks, rows }) => {
  const rgb = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) rgb.fill(y % rows < rows / 2 ? 0 : 255, y * width * 3, (y + 1) * width * 3);
  const picture = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const seen: Float32Array[] = [];
  const none = new Float32Array();
  const maps = (pixels: Float32Array) => {
    seen.push(pixels);
    return Promise.resolve({ stride8: none, stride16: none, stride32: none });
  };
  await plainMaps({ maps } as unknown as Backbone, picture, { inputSize: side, ...looks });
  const smallest = seen.at(-1) as Float32Array;
  const contrast = smallest.reduce((sum, value) => sum + Math.abs(value), 0) / smallest.length;
  expect(contrast).toBeGreaterThan(0.5);
});

it('comes back from a view pack as it was, wherever the bytes lie', () => {
  const map = (length: number, from: number) => Uint16Array.from({ length }, (_, i) => (i + from) % 0x7c00);
  const views = [0, 1].map((n) => ({
    boxes: objects.slice(0, n),
    maps: [map(40 * 16, n), map(112 * 4, n), map(320, n)] as const,
  }));
  const pack = { inputSize: 32, views };
  const bytes = writeViewPack(pack);
  expect(readViewPack(bytes)).toEqual(pack);
  expect(readViewPack(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3))).toEqual(pack);
  expect(() => readViewPack(bytes.subarray(0, -2))).toThrow(/bytes instead of/);
});

describe('with a backbone', () => {
  let backbone: Backbone;
  beforeAll(async () => {
    backbone = await openBackbone(backbones['efficientnet-lite0']);
  });
  afterAll(() => backbone.release());

  const png = ({ rgb, width, height }: Raster) =>
    sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
  const picture = (index: number, fold = 0): TrainingPicture => ({
    boxes: [objects[index] as TaggedBox],
    fold,
    load: () => png(rasters[index] as Raster),
  });
  const damaged: TrainingPicture = { boxes: [], fold: 0, load: () => Promise.resolve(Buffer.from('no picture')) };
  const recipe = { ...sized, viewsPerImage: 8 };

  it('renders the same views again, the first as a prediction sees the picture', async () => {
    const pictures = [picture(0), picture(1)];
    const bytes = await renderViews(backbone, new PictureSet(pictures), 0, recipe, 5);
    expect((await renderViews(backbone, new PictureSet(pictures), 0, recipe, 5)).equals(bytes)).toBe(true);
    expect((await renderViews(backbone, new PictureSet(pictures), 0, recipe, 6)).equals(bytes)).toBe(false);
    const { views } = readViewPack(bytes);
    expect(views).toHaveLength(8);
    expect(views[0]?.maps).toEqual((await plainMaps(backbone, await pictures[0]!.load(), sized))[0]);
    expect(views[0]?.maps.map((map) => map.length)).toEqual([40 * 64, 112 * 16, 320 * 4]);
  });

  it('has the mirrored look of a prediction after the plain one, if there is one', async () => {
    const set = new PictureSet([picture(0), picture(1)]);
    const views = async (changes: { isMirrored?: boolean }) =>
      readViewPack(await renderViews(backbone, set, 0, { ...recipe, ...changes }, 5)).views;
    const [plain, ...varied] = await views({});
    const [first, mirrored, ...others] = await views({ isMirrored: true });
    expect([first, ...others]).toEqual([plain, ...varied]);
    const [{ left, width, ...rest }] = plain!.boxes as [TaggedBox];
    expect(mirrored!.boxes).toEqual([{ ...rest, left: 1 - left - width, width }]);
    const seen = await plainMaps(backbone, await picture(0).load(), { ...sized, isMirrored: true });
    expect([first!.maps, mirrored!.maps]).toEqual(seen);
    expect(seen[1]).not.toEqual(seen[0]);
  });

  it('mixes no pictures of other folds, and none that is damaged', async () => {
    const tagsBeside = async (other: TrainingPicture) => {
      const bytes = await renderViews(
        backbone,
        new PictureSet([picture(0), other]),
        0,
        { ...recipe, viewsPerImage: 20 },
        5,
      );
      return new Set(readViewPack(bytes).views.flatMap(({ boxes }) => boxes.map(({ tagIndex }) => tagIndex)));
    };
    expect(await tagsBeside(picture(1))).toEqual(new Set([0, 1]));
    expect(await tagsBeside(picture(1, 1))).toEqual(new Set([0]));
    expect(await tagsBeside(damaged)).toEqual(new Set([0]));
    await expect(renderViews(backbone, new PictureSet([damaged]), 0, recipe, 5)).rejects.toThrow(ImageRefusal);
  });
});
