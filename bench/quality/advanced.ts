import type { TaglensClient } from '../../cli/client.ts';
import { findDataset, type Dataset, type LabelledFile } from '../datasets.ts';
import { readFile } from 'node:fs/promises';
import { measureEach, type Measured, type QualityCase, type QualitySection } from './case.ts';
import { addImages, createProject, createTags, train, withServer } from './product.ts';

interface Answer {
  predict: { results: { tagName: string; probability: number }[] };
}

async function shareRight(
  client: TaglensClient,
  target: { projectId: string; iterationId: string },
  files: readonly LabelledFile[],
): Promise<number> {
  const query = 'mutation ($input: PredictInput!) { predict(input: $input) { results { tagName probability } } }';
  let right = 0;
  for (const { path, tags } of files) {
    const image = { base64: (await readFile(path)).toString('base64') };
    const { predict } = await client.request<Answer>(query, { input: { ...target, image } });
    if (predict.results[0]?.tagName === tags[0]) right++;
  }
  return right / files.length;
}

/** QUICK and ADVANCED on the same photographs; only the trainings know of each other. */
async function measureOne(
  client: TaglensClient,
  { name, tags, train: training, test }: Dataset,
  seed: number,
): Promise<{ figures: Record<string, number>; minutes: number }> {
  const projectId = await createProject(client, { name: `${name} ${seed}` });
  const tagIds = await createTags(client, projectId, tags);
  const uploads = training.map(({ path, tags: own }) => ({
    path,
    facts: { tagIds: own.map((tag) => tagIds.get(tag)) },
  }));
  await addImages(client, projectId, uploads);
  const quick = await train(client, { projectId, mode: 'QUICK', seed });
  const advanced = await train(client, { projectId, mode: 'ADVANCED', seed });
  const figures = {
    quick: 100 * (await shareRight(client, { projectId, iterationId: quick.id }, test)),
    advanced: 100 * (await shareRight(client, { projectId, iterationId: advanced.id }, test)),
    quickMinutes: quick.minutes,
  };
  return { figures, minutes: advanced.minutes };
}

async function measureCase(set: string, seeds: readonly number[]): Promise<Measured | null> {
  const dataset = await findDataset(set);
  if (!dataset) return null;
  return withServer((client) => measureEach(seeds, (seed) => measureOne(client, dataset, seed)));
}

const cases = ['clothing', 'trash'].map((set): QualityCase => ({
  name: `advanced/${set}`,
  labels: [set],
  seeds: [1, 2, 3],
  measure: (seeds) => measureCase(set, seeds),
}));

export const advanced: QualitySection = {
  title: 'Classifiers, QUICK against ADVANCED',
  text: 'Trained by the product on the whole train split (domain General), then asked for every photograph of the test split.',
  labels: ['set'],
  figures: [
    { name: 'quick', head: 'QUICK right %', decimals: 1 },
    { name: 'advanced', head: 'ADVANCED right %', decimals: 1 },
    { name: 'quickMinutes', head: 'minutes of QUICK', decimals: 1 },
  ],
  cases,
};
