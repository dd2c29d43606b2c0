import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../../infra/config.ts';
import { ImageRefusal, inspectImage, type ImageLimits } from '../../../workers/ml/images/image.ts';
import { hostileImageCount, hostileImages, type HostileImage } from './hostile-images.ts';

const { limits: configured } = loadConfig({});
const limits: ImageLimits = {
  maxBytes: configured.trainingImageBytes,
  maxEdgePixels: configured.longestEdgePixels,
  maxAspectRatio: configured.aspectRatio,
  maxMegapixels: configured.megapixels,
};
const longestMs = 5000;

const images: HostileImage[] = [];
beforeAll(async () => {
  for await (const image of hostileImages()) images.push(image);
});

async function outcomeOf({ name, bytes, expectation }: HostileImage): Promise<string[]> {
  const started = performance.now();
  const outcome = await inspectImage(bytes, limits).then(
    () => 'ACCEPTED',
    (error: unknown) => (error instanceof ImageRefusal ? 'REFUSED' : String(error)),
  );
  const tookMs = performance.now() - started;
  const isFine = outcome === expectation || (expectation === 'EITHER' && /^(ACCEPTED|REFUSED)$/.test(outcome));
  const slow = tookMs > longestMs ? [`${name}: took ${Math.round(tookMs)} ms`] : [];
  return isFine ? slow : [...slow, `${name}: expected ${expectation}, got ${outcome}`];
}

test('every hostile image is accepted or refused as it should be, in bounded time', async () => {
  const complaints: string[] = [];
  for (const image of images) complaints.push(...(await outcomeOf(image)));
  expect(complaints).toEqual([]);
});

test('there are as many hostile images as promised, all with names of their own', () => {
  expect(images).toHaveLength(hostileImageCount);
  expect(new Set(images.map(({ name }) => name)).size).toBe(hostileImageCount);
});

test('the hostile images are the same every time', async () => {
  const digest = ({ name, bytes }: HostileImage) => `${name} ${createHash('sha256').update(bytes).digest('hex')}`;
  const again = [];
  for await (const image of hostileImages()) again.push(digest(image));
  expect(again).toEqual(images.map(digest));
});
