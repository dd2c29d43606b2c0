import type { TaglensClient } from '../../cli/client.ts';
import { seededRandom } from '../../workers/ml/random.ts';
import { findDetectionDataset, type BoxedFile, type DetectionDataset } from '../datasets.ts';
import { measureEach, type Measured, type QualityCase, type QualitySection } from './case.ts';
import { addImages, createProject, createTags, train, withServer, type UploadedFile } from './product.ts';

type Mode = 'QUICK' | 'ADVANCED';

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

/** Photographs by chance until every tag is in so many of them. */
function draw({ train: files, tags }: DetectionDataset, imagesPerTag: number, seed: number): BoxedFile[] {
  const random = seededRandom(seed);
  const shuffled = files.map((file) => ({ file, order: random() })).sort((a, b) => a.order - b.order);
  const missing = new Map(tags.map((tag) => [tag, imagesPerTag]));
  return shuffled.flatMap(({ file }) => {
    const own = new Set(file.boxes.map(({ tag }) => tag));
    if (![...own].some((tag) => (missing.get(tag) ?? 0) > 0)) return [];
    for (const tag of own) missing.set(tag, (missing.get(tag) ?? 0) - 1);
    return [file];
  });
}

function uploadsOf(files: readonly BoxedFile[], tagIds: Map<string, string>, isTest: boolean): UploadedFile[] {
  return files.map(({ path, boxes }) => {
    const regions = boxes.map(({ tag, ...box }) => ({ tagId: tagIds.get(tag), ...box }));
    return { path, facts: { isTest, regions } };
  });
}

/** The test split goes in as the user's own test images, so that the product's figures are the ones to report. */
async function measureOne(
  client: TaglensClient,
  dataset: DetectionDataset,
  { mode, imagesPerTag, seed }: { mode: Mode; imagesPerTag: number | 'all'; seed: number },
): Promise<{ figures: Record<string, number>; minutes: number }> {
  const projectId = await createProject(client, {
    name: `${dataset.name} ${seed}`,
    kind: 'DETECTION',
    domainId: general,
  });
  const tagIds = await createTags(client, projectId, dataset.tags);
  const training = imagesPerTag === 'all' ? dataset.train : draw(dataset, imagesPerTag, seed);
  await addImages(client, projectId, [...uploadsOf(training, tagIds, false), ...uploadsOf(dataset.test, tagIds, true)]);
  const { id, minutes } = await train(client, { projectId, mode, seed });
  const { performance } = (await client.request<Answer>(figuresOf, { id })).iteration;
  if (performance.measuredOn !== 'TEST_IMAGES') throw new Error('The figures are not those of the test split.');
  const { at30, at50, at75, at50To95 } = performance.meanAveragePrecision;
  return { figures: { at30: at30.value, at50: at50.value, at75: at75.value, at50To95: at50To95.value }, minutes };
}

async function measureCase(
  set: string,
  mode: Mode,
  imagesPerTag: number | 'all',
  seeds: readonly number[],
): Promise<Measured | null> {
  const dataset = await findDetectionDataset(set);
  if (!dataset) return null;
  return withServer((client) =>
    measureEach(seeds, (seed) => measureOne(client, dataset, { mode, imagesPerTag, seed })),
  );
}

const sets = ['bccd', 'playing-cards', 'azure-cutlery', 'mslearn-fruit-objects'];
const counts: Record<string, (number | 'all')[]> = {
  bccd: [5, 10, 20, 'all'],
  'playing-cards': [5, 10, 20, 'all'],
  'azure-cutlery': [5, 10, 'all'],
  'mslearn-fruit-objects': [5, 'all'],
};

const cases = (['QUICK', 'ADVANCED'] as const).flatMap((mode) =>
  sets.flatMap((set) =>
    (counts[set] ?? []).map((imagesPerTag): QualityCase => {
      const labels = [set, mode, `${imagesPerTag}`];
      const name = ['detectors', ...labels].join('/');
      return { name, labels, seeds: [1, 2, 3], measure: (seeds) => measureCase(set, mode, imagesPerTag, seeds) };
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
  cases,
  smoke: 'detectors/mslearn-fruit-objects/QUICK/5',
};
