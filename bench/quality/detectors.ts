import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { BoxedPhoto } from '../../cli/boxed-photos.ts';
import type { TaglensClient } from '../../cli/client.ts';
import { findDetectionDataset, type BoxedFile, type DetectionDataset } from '../datasets.ts';
import { casesOf, type OneMeasured, type QualityCase, type QualitySection, type Trial } from './case.ts';
import { drawUntilEach } from './draw.ts';
import { measureInProduct } from './product.ts';
import { detectorFigures, measureDetector } from './trained-detector.ts';

interface DetectorTrial extends Trial {
  mode: 'QUICK' | 'ADVANCED';
  imagesPerTag: number | 'all';
}

const general = 'da2e3a8a-40a5-4171-82f4-58522f70fbc1';
const generalA1 = '9c616dff-2e7d-ea11-af59-1866da359ce6';

function photosOf(files: readonly BoxedFile[], isTest: boolean): BoxedPhoto[] {
  return files.map(({ path, boxes }) => ({ name: basename(path), boxes, isTest, read: () => readFile(path) }));
}

function measureOne(
  client: TaglensClient,
  domainId: string,
  { name, train, test }: DetectionDataset,
  { mode, imagesPerTag }: DetectorTrial,
  seed: number,
): Promise<OneMeasured> {
  const tagsOf = ({ boxes }: BoxedFile): string[] => boxes.map(({ tag }) => tag);
  const training = imagesPerTag === 'all' ? train : drawUntilEach(train, tagsOf, imagesPerTag, seed);
  const photos = [...photosOf(training, false), ...photosOf(test, true)];
  return measureDetector(client, { name: `${name} ${seed}`, domainId, photos }, { mode, seed });
}

const counts: Record<string, (number | 'all')[]> = {
  bccd: [5, 10, 20, 'all'],
  'playing-cards': [5, 10, 20, 'all'],
  'azure-cutlery': [5, 10, 'all'],
  'mslearn-fruit-objects': [5, 'all'],
};

const trials = (['QUICK', 'ADVANCED'] as const).flatMap((mode) =>
  Object.entries(counts).flatMap(([set, own]) => own.map((imagesPerTag) => trialOf(set, mode, imagesPerTag))),
);

const largerTrials = [trialOf('bccd', 'QUICK', 5), trialOf('bccd', 'ADVANCED', 'all')];

function trialOf(set: string, mode: DetectorTrial['mode'], imagesPerTag: DetectorTrial['imagesPerTag']): DetectorTrial {
  return { set, mode, imagesPerTag, labels: [mode, `${imagesPerTag}`], seeds: [1, 2, 3] };
}

const labels = ['set', 'mode', 'images a tag'];

export const detectors: QualitySection = {
  title: 'Detectors',
  text:
    'Domain General, by COCO’s rules, measured by the product on the test split as the user’s own test images. Few-image rows draw photographs ' +
    'until every tag is in so many of them. Runs differ by seed, few-image rows also by draw. ADVANCED on mslearn-fruit-objects is of before detectors of few photographs had a margin. ADVANCED on bccd and ' +
    'mslearn-fruit-objects tells the minutes of the runs that nothing held up, the first and the first two. Of nine held-out training photographs of bccd that were looked at, what counted as wrong was mostly red cells that nobody marked.',
  labels,
  figures: detectorFigures,
  cases: casesIn('detectors', general, trials),
  smoke: 'detectors/mslearn-fruit-objects/QUICK/5',
};

/** Chosen within the train split, where blood cells gained at 416 pixels: platelets are 20 pixels wide at 320. */
export const largerDetectors: QualitySection = {
  title: 'Detectors with a larger input',
  text: 'The same in the domain General [A1], whose input has 416 pixels instead of 320: for sets with things of 5 % of the side. A prediction takes 1.7 times the work. QUICK is of before boxes were voted on.',
  labels,
  figures: detectorFigures,
  cases: casesIn('larger-input', generalA1, largerTrials),
};

function casesIn(section: string, domainId: string, own: readonly DetectorTrial[]): QualityCase[] {
  return casesOf(section, own, findDetectionDataset, (set, trial, chosen, settings) =>
    measureInProduct(chosen, settings, (client, seed) => measureOne(client, domainId, set, trial, seed)),
  );
}
