import { expect, it } from 'vitest';
import type { Snapshot } from '../../../schema/contracts/training.ts';
import { quickKeptWarning, trainingWarnings } from '../../../workers/activities/warnings.ts';

const tags = ['a', 'b'].map((name) => ({ id: name, name, type: 'REGULAR' as const }));

/** What is said of images of which those from each of `starts` to before the next look the same. */
function warningsOf(count: number, { starts, testCount = 0 }: { starts: number[]; testCount?: number }): string[] {
  const images = Array.from({ length: count }, (_, i) => ({
    id: `image ${i}`,
    projectId: 'p',
    sha256: `${i}`,
    perceptualHash: '',
    isTest: i < testCount,
    tagIndexes: [i % 2],
  }));
  const groups = images.map((_, i) => starts.findLast((start) => start <= i) ?? 0);
  const snapshot: Snapshot = { kind: 'MULTILABEL', tags, images };
  const recommendedImagesPerTag = { classification: 1, detection: 1 };
  const all = trainingWarnings({ snapshot, leftOut: [], images, groups, recommendedImagesPerTag });
  return all.filter((warning) => !warning.includes('differ in tags'));
}

const alone = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

it('tells of near-duplicates that stay in one fold', () => {
  expect(warningsOf(10, { starts: [0, ...alone(2, 10)] })).toEqual([
    '2 images look nearly the same as another; they stay in one fold: image 0 and image 1.',
  ]);
});

it('tells when they are too many for that', () => {
  expect(warningsOf(10, { starts: [0, ...alone(6, 10)] })).toEqual([
    '6 images look nearly the same as another, too many for one fold, so the figures are too optimistic: image 0 and image 1.',
  ]);
});

it('tells when a test image looks like one that is trained on', () => {
  expect(warningsOf(10, { starts: [0, ...alone(4, 10)], testCount: 3 })).toEqual([
    'The figures come from 3 test images only; 20 or more give figures to rely on.',
    '4 images look nearly the same across training and test images, so the figures are too optimistic: image 0 and image 3.',
  ]);
});

it('tells when test images are too few for figures to rely on', () => {
  const few = (testCount: number): number => warningsOf(60, { starts: alone(0, 60), testCount }).length;
  expect([0, 1, 19, 20].map(few)).toEqual([0, 1, 1, 0]);
});

it('does not say that the adapted model did worse where nothing was compared', () => {
  expect(quickKeptWarning(1)).toBe(
    'Too few images (1) were held out to compare the adapted model with the quick one, which was kept.',
  );
  expect(quickKeptWarning(8)).toMatch(/did worse on 8 images/);
});
