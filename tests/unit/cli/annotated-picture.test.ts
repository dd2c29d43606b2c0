import sharp from 'sharp';
import { expect, test } from 'vitest';
import { annotatedPicture } from '../../../cli/annotated-picture.ts';

const grey = { r: 128, g: 128, b: 128 };

async function picture(labels: Parameters<typeof annotatedPicture>[1], orientation = 1) {
  const plain = sharp({ create: { width: 400, height: 300, channels: 3, background: grey } });
  const bytes = await annotatedPicture(await plain.withMetadata({ orientation }).jpeg().toBuffer(), labels);
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => [
    ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
  ];
  const isGrey = (x: number, y: number): boolean => at(x, y).every((value) => Math.abs(value - 128) < 12);
  return { info, at, isGrey, data };
}

const box = { left: 0.25, top: 0.5, width: 0.5, height: 0.25 };

test('draws a frame where the box is, and leaves what is inside and outside', async () => {
  const { info, isGrey } = await picture([{ text: 'fork 93 %', box }]);
  expect([info.width, info.height]).toEqual([400, 300]);
  const frame = [isGrey(100, 190), isGrey(300, 190), isGrey(200, 225)];
  expect([...frame, isGrey(200, 190), isGrey(350, 190), isGrey(200, 280)]).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

test('letters are there without any font: another text gives other pixels, and white ones', async () => {
  const [fork, none] = [await picture([{ text: 'FORK', box }]), await picture([{ text: '    ', box }])];
  // The plate behind them is red: what is also green is white.
  const whites = (data: Buffer): number => data.filter((value, i) => i % 3 === 1 && value > 200).length;
  expect(whites(fork.data)).toBeGreaterThan(whites(none.data) + 30);
});

test('boxes are those of the upright picture', async () => {
  const { info, isGrey } = await picture([{ text: 'a', box }], 6);
  expect([info.width, info.height]).toEqual([300, 400]);
  expect([isGrey(75, 250), isGrey(150, 250)]).toEqual([false, true]);
});
