import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { TaglensClient } from '../../cli/client.ts';
import { createTags } from '../../cli/demo-steps.ts';
import { findDataset, type Dataset, type LabelledFile } from '../datasets.ts';
import { casesOf, type OneMeasured, type QualitySection } from './case.ts';
import { addImages, createProject, measureInProduct, train } from './product.ts';

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
): Promise<OneMeasured> {
  const projectId = await createProject(client, { name: `${name} ${seed}` });
  const tagIds = await createTags(client, projectId, tags);
  const uploads = training.map(({ path, tags: own }) => ({
    name: basename(path),
    read: () => readFile(path),
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

const trials = ['clothing', 'trash'].map((set) => ({ set, labels: [], seeds: [1, 2, 3] }));

export const advanced: QualitySection = {
  title: 'Classifiers, QUICK against ADVANCED',
  text: 'Trained by the product on the whole train split (domain General), then asked for every photograph of the test split.',
  labels: ['set'],
  figures: [
    { name: 'quick', head: 'QUICK right %', decimals: 1 },
    { name: 'advanced', head: 'ADVANCED right %', decimals: 1 },
    { name: 'quickMinutes', head: 'minutes of QUICK', decimals: 1 },
  ],
  cases: casesOf('advanced', trials, findDataset, (set, _trial, seeds) =>
    measureInProduct(seeds, (client, seed) => measureOne(client, set, seed)),
  ),
};
