import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { TaglensClient } from '../../cli/client.ts';
import { createTags } from '../../cli/demo-steps.ts';
import { evaluate, type EvaluationInput } from '../../workers/ml/classification/metrics.ts';
import { findDataset, type Dataset, type LabelledFile } from '../datasets.ts';
import { casesOf, type OneMeasured, type QualitySection, type Trial } from './case.ts';
import { drawUntilEach } from './draw.ts';
import { usualThreshold } from './heads.ts';
import { addImages, ampleMinutes, createProject, measureInProduct, train } from './product.ts';

interface Prediction {
  predict: { results: { tagName: string; probability: number }[] };
}

/** What an iteration says to every photograph of the test split, and what is right. */
async function answersOf(
  client: TaglensClient,
  target: { projectId: string; iterationId: string },
  { kind, tags, test }: Dataset,
): Promise<EvaluationInput> {
  const query = 'mutation ($input: PredictInput!) { predict(input: $input) { results { tagName probability } } }';
  const probabilities = new Float32Array(test.length * tags.length);
  for (const [i, { path }] of test.entries()) {
    const image = { base64: (await readFile(path)).toString('base64') };
    const { predict } = await client.request<Prediction>(query, { input: { ...target, image } });
    for (const { tagName, probability } of predict.results)
      probabilities[i * tags.length + tags.indexOf(tagName)] = probability;
  }
  const targets = test.map(({ tags: own }) => own.map((tag) => tags.indexOf(tag)));
  return { probabilities, targets, tagCount: tags.length, kind, threshold: usualThreshold(kind) };
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
  imagesPerTag: number | 'all';
}

/** QUICK and ADVANCED on the same photographs; only the trainings know of each other. */
async function measureOne(
  client: TaglensClient,
  dataset: Dataset,
  { domainId, imagesPerTag }: AdvancedTrial,
  seed: number,
): Promise<OneMeasured> {
  const { name, kind, tags } = dataset;
  const training = imagesPerTag === 'all' ? dataset.train : drawUntilEach(dataset.train, tagsOf, imagesPerTag, seed);
  const projectId = await createProject(client, { name: `${name} ${seed}`, domainId, classificationType: kind });
  const tagIds = await createTags(client, projectId, tags);
  const uploads = training.map(({ path, tags: own }) => ({
    name: basename(path),
    read: () => readFile(path),
    facts: { tagIds: own.map((tag) => tagIds.get(tag)) },
  }));
  await addImages(client, projectId, uploads);
  const quick = await train(client, { projectId, mode: 'QUICK', seed });
  const advanced = await train(client, { projectId, mode: 'ADVANCED', seed, budgetMinutes: ampleMinutes });
  const quickFigures = evaluate(await answersOf(client, { projectId, iterationId: quick.id }, dataset));
  const advancedFigures = evaluate(await answersOf(client, { projectId, iterationId: advanced.id }, dataset));
  const figures = {
    quick: 100 * quickFigures.accuracy,
    advanced: 100 * advancedFigures.accuracy,
    quickPrecision: quickFigures.averagePrecision.value,
    advancedPrecision: advancedFigures.averagePrecision.value,
    quickError: quickFigures.expectedCalibrationError,
    advancedError: advancedFigures.expectedCalibrationError,
    kept: (await keptBy(client, advanced.id)) === 'ADVANCED' ? 1 : 0,
    quickMinutes: quick.minutes,
  };
  return { figures, minutes: advanced.minutes };
}

const tagsOf = ({ tags }: LabelledFile): string[] => tags;

/** A photograph of several tags has no place in a draw by tag. */
const counts: Record<string, (number | 'all')[]> = {
  clothing: [5, 10, 20, 'all'],
  trash: [5, 10, 20, 'all'],
  'playing-cards': ['all'],
};

const trials = Object.entries(domains).flatMap(([backbone, domainId]) =>
  Object.entries(counts).flatMap(([set, own]) =>
    own.map((imagesPerTag): AdvancedTrial => {
      const labels = [backbone, `${imagesPerTag}`];
      return { set, labels, domainId, imagesPerTag, seeds: [1, 2, 3] };
    }),
  ),
);

export const advanced: QualitySection = {
  title: 'Classifiers, QUICK against ADVANCED',
  text:
    'Trained by the product (domain General, or General (compact) for Lite0), then asked for every photograph of the test split. ADVANCED keeps the quick model where adapting the backbone ' +
    'did worse on photographs of the train split that it held out. “Right”, mAP and ECE as above; few-image rows are random draws, the same for both.',
  labels: ['set', 'backbone', 'images a tag'],
  figures: [
    { name: 'quick', head: 'QUICK right %', decimals: 1 },
    { name: 'advanced', head: 'ADVANCED right %', decimals: 1 },
    { name: 'quickPrecision', head: 'QUICK mAP', decimals: 3 },
    { name: 'advancedPrecision', head: 'ADVANCED mAP', decimals: 3 },
    { name: 'quickError', head: 'QUICK ECE', decimals: 3 },
    { name: 'advancedError', head: 'ADVANCED ECE', decimals: 3 },
    { name: 'kept', head: 'share that kept ADVANCED', decimals: 2 },
    { name: 'quickMinutes', head: 'minutes of QUICK', decimals: 1 },
  ],
  cases: casesOf('advanced', trials, findDataset, (set, trial, seeds, settings) =>
    measureInProduct(seeds, settings, (client, seed) => measureOne(client, set, trial, seed)),
  ),
};
