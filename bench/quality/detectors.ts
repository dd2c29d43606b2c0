import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { BoxedPhoto } from '../../cli/boxed-photos.ts';
import type { TaglensClient } from '../../cli/client.ts';
import { findDetectionDataset, type BoxedFile, type DetectionDataset } from '../datasets.ts';
import { casesOf, type OneMeasured, type QualitySection, type Trial } from './case.ts';
import { drawUntilEach } from './draw.ts';
import { measureInProduct } from './product.ts';
import { detectorFigures, measureDetector } from './trained-detector.ts';

interface DetectorTrial extends Trial {
  mode: 'QUICK' | 'ADVANCED';
  imagesPerTag: number | 'all';
}

const general = 'da2e3a8a-40a5-4171-82f4-58522f70fbc1';

function photosOf(files: readonly BoxedFile[], isTest: boolean): BoxedPhoto[] {
  return files.map(({ path, boxes }) => ({ name: basename(path), boxes, isTest, read: () => readFile(path) }));
}

function measureOne(
  client: TaglensClient,
  { name, train, test }: DetectionDataset,
  { mode, imagesPerTag }: DetectorTrial,
  seed: number,
): Promise<OneMeasured> {
  const tagsOf = ({ boxes }: BoxedFile): string[] => boxes.map(({ tag }) => tag);
  const training = imagesPerTag === 'all' ? train : drawUntilEach(train, tagsOf, imagesPerTag, seed);
  const photos = [...photosOf(training, false), ...photosOf(test, true)];
  return measureDetector(client, { name: `${name} ${seed}`, domainId: general, photos }, { mode, seed });
}

const counts: Record<string, (number | 'all')[]> = {
  bccd: [5, 10, 20, 'all'],
  'playing-cards': [5, 10, 20, 'all'],
  'azure-cutlery': [5, 10, 'all'],
  'mslearn-fruit-objects': [5, 'all'],
};

const trials = (['QUICK', 'ADVANCED'] as const).flatMap((mode) =>
  Object.entries(counts).flatMap(([set, own]) =>
    own.map((imagesPerTag): DetectorTrial => {
      const labels = [mode, `${imagesPerTag}`];
      return { set, mode, imagesPerTag, labels, seeds: [1, 2, 3] };
    }),
  ),
);

export const detectors: QualitySection = {
  title: 'Detectors',
  text:
    'Domain General, by COCO’s rules, measured by the product on the test split as the user’s own test images. Few-image rows draw photographs ' +
    'until every tag is in so many of them. Runs differ by seed, few-image rows also by draw.',
  labels: ['set', 'mode', 'images a tag'],
  figures: detectorFigures,
  cases: casesOf('detectors', trials, findDetectionDataset, (set, trial, seeds, settings) =>
    measureInProduct(seeds, settings, (client, seed) => measureOne(client, set, trial, seed)),
  ),
  smoke: 'detectors/mslearn-fruit-objects/QUICK/5',
};
