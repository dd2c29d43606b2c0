import type { TaglensClient } from '../../cli/client.ts';
import { regionLabels } from '../../cli/boxed-photos.ts';
import { createTags } from '../../cli/demo-steps.ts';
import { findDetectionDataset, type BoxedFile, type DetectionDataset } from '../datasets.ts';
import { casesOf, type OneMeasured, type QualitySection, type Trial } from './case.ts';
import { drawUntilEach } from './draw.ts';
import { addImages, createProject, measureInProduct, train, type UploadedFile } from './product.ts';

interface DetectorTrial extends Trial {
  mode: 'QUICK' | 'ADVANCED';
  imagesPerTag: number | 'all';
}

const general = 'da2e3a8a-40a5-4171-82f4-58522f70fbc1';

const figuresOf = `query ($id: ID!) {
  iteration(id: $id) { performance { measuredOn meanAveragePrecision { at30 { value } at50 { value } at75 { value } at50To95 { value } } } }
}`;

interface Answer {
  iteration: {
    performance: {
      measuredOn: string;
      meanAveragePrecision: Record<'at30' | 'at50' | 'at75' | 'at50To95', { value: number }>;
    };
  };
}

function uploadsOf(files: readonly BoxedFile[], tagIds: Map<string, string>, isTest: boolean): UploadedFile[] {
  return files.map(({ path, boxes }) => ({ path, facts: regionLabels({ boxes, isTest }, tagIds) }));
}

/** The test split goes in as the user's own test images, so that the product's figures are the ones to report. */
async function measureOne(
  client: TaglensClient,
  dataset: DetectionDataset,
  { mode, imagesPerTag }: DetectorTrial,
  seed: number,
): Promise<OneMeasured> {
  const projectId = await createProject(client, {
    name: `${dataset.name} ${seed}`,
    kind: 'DETECTION',
    domainId: general,
  });
  const tagIds = await createTags(client, projectId, dataset.tags);
  const tagsOf = ({ boxes }: BoxedFile): string[] => boxes.map(({ tag }) => tag);
  const training = imagesPerTag === 'all' ? dataset.train : drawUntilEach(dataset.train, tagsOf, imagesPerTag, seed);
  await addImages(client, projectId, [...uploadsOf(training, tagIds, false), ...uploadsOf(dataset.test, tagIds, true)]);
  const { id, minutes } = await train(client, { projectId, mode, seed });
  const { performance } = (await client.request<Answer>(figuresOf, { id })).iteration;
  if (performance.measuredOn !== 'TEST_IMAGES') throw new Error('The figures are not those of the test split.');
  const { at30, at50, at75, at50To95 } = performance.meanAveragePrecision;
  return { figures: { at30: at30.value, at50: at50.value, at75: at75.value, at50To95: at50To95.value }, minutes };
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
  figures: [
    { name: 'at30', head: 'mAP@0.3', decimals: 3 },
    { name: 'at50', head: 'mAP@0.5', decimals: 3 },
    { name: 'at75', head: 'mAP@0.75', decimals: 3 },
    { name: 'at50To95', head: 'mAP@[.5:.95]', decimals: 3 },
  ],
  cases: casesOf('detectors', trials, findDetectionDataset, (set, trial, seeds) =>
    measureInProduct(seeds, (client, seed) => measureOne(client, set, trial, seed)),
  ),
  smoke: 'detectors/mslearn-fruit-objects/QUICK/5',
};
