import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { TaglensClient } from '../../cli/client.ts';
import { createTags } from '../../cli/demo-steps.ts';
import { findDataset, type Dataset, type LabelledFile } from '../datasets.ts';
import { casesOf, type OneMeasured, type QualitySection, type Trial } from './case.ts';
import { addImages, ampleMinutes, createProject, measureInProduct, train } from './product.ts';

interface Prediction {
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
    const { predict } = await client.request<Prediction>(query, { input: { ...target, image } });
    if (predict.results[0]?.tagName === tags[0]) right++;
  }
  return right / files.length;
}

/** Which model won on photographs of the train split that the product held out itself. */
async function keptBy(client: TaglensClient, id: string): Promise<'QUICK' | 'ADVANCED'> {
  const query = 'query ($id: ID!) { iteration(id: $id) { comparison { kept } } }';
  const answer = await client.request<{ iteration: { comparison: { kept: 'QUICK' | 'ADVANCED' } } }>(query, { id });
  return answer.iteration.comparison.kept;
}

/** By the backbone behind them. */
const domains: Record<string, string> = {
  'efficientnet-lite0': '0732100f-1a38-4e49-a514-c9b44c697ab5',
  'efficientnet-lite2': 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
};

interface AdvancedTrial extends Trial {
  domainId: string;
}

/** QUICK and ADVANCED on the same photographs; only the trainings know of each other. */
async function measureOne(
  client: TaglensClient,
  { name, tags, train: training, test }: Dataset,
  { domainId }: AdvancedTrial,
  seed: number,
): Promise<OneMeasured> {
  const projectId = await createProject(client, { name: `${name} ${seed}`, domainId });
  const tagIds = await createTags(client, projectId, tags);
  const uploads = training.map(({ path, tags: own }) => ({
    name: basename(path),
    read: () => readFile(path),
    facts: { tagIds: own.map((tag) => tagIds.get(tag)) },
  }));
  await addImages(client, projectId, uploads);
  const quick = await train(client, { projectId, mode: 'QUICK', seed });
  const advanced = await train(client, { projectId, mode: 'ADVANCED', seed, budgetMinutes: ampleMinutes });
  const figures = {
    quick: 100 * (await shareRight(client, { projectId, iterationId: quick.id }, test)),
    advanced: 100 * (await shareRight(client, { projectId, iterationId: advanced.id }, test)),
    kept: (await keptBy(client, advanced.id)) === 'ADVANCED' ? 1 : 0,
    quickMinutes: quick.minutes,
  };
  return { figures, minutes: advanced.minutes };
}

const trials = Object.entries(domains).flatMap(([backbone, domainId]) =>
  ['clothing', 'trash'].map((set): AdvancedTrial => ({ set, labels: [backbone], domainId, seeds: [1, 2, 3] })),
);

export const advanced: QualitySection = {
  title: 'Classifiers, QUICK against ADVANCED',
  text:
    'Trained by the product on the whole train split (domain General, or General (compact) for Lite0), then asked for every photograph of the test split. ADVANCED keeps the quick model where adapting the backbone ' +
    'did worse on photographs of the train split that it held out.',
  labels: ['set', 'backbone'],
  figures: [
    { name: 'quick', head: 'QUICK right %', decimals: 1 },
    { name: 'advanced', head: 'ADVANCED right %', decimals: 1 },
    { name: 'kept', head: 'share that kept ADVANCED', decimals: 2 },
    { name: 'quickMinutes', head: 'minutes of QUICK', decimals: 1 },
  ],
  cases: casesOf('advanced', trials, findDataset, (set, trial, seeds, settings) =>
    measureInProduct(seeds, settings, (client, seed) => measureOne(client, set, trial, seed)),
  ),
};
