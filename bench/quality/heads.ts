import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBackbone, type Backbone } from '../../workers/ml/backbones/backbone.ts';
import { backbones, type BackboneSpec } from '../../workers/ml/backbones/registry.ts';
import { extractFeatures, featureVersion } from '../../workers/ml/features.ts';
import { assignFolds, groupNearDuplicates } from '../../workers/ml/folds.ts';
import { fitHead, headProbabilities } from '../../workers/ml/classification/head.ts';
import type { ClassificationType } from '../../workers/ml/classification/head-loss.ts';
import { perceptualHash } from '../../workers/ml/images/image.ts';
import { mean } from '../../workers/ml/intervals.ts';
import { evaluate, expectedCalibrationError, type EvaluationInput } from '../../workers/ml/classification/metrics.ts';
import { sha256 } from '../../workers/ml/model-package.ts';
import { seededRandom } from '../../workers/ml/random.ts';
import { findDataset, type Dataset, type LabelledFile } from '../datasets.ts';
import { casesOf, type OneMeasured, type QualitySection, type Trial } from './case.ts';
import { drawUntilEach } from './draw.ts';

const cache = join(tmpdir(), 'taglens-bench-features');

interface Example {
  targets: number[];
  features: Float32Array;
  hash: string;
}

/** Features by content, as in the product, so that a second run takes seconds. */
async function exampleOf(backbone: Backbone, { path, tags: own }: LabelledFile, tags: string[]): Promise<Example> {
  const bytes = await readFile(path);
  const file = join(cache, `${backbone.spec.name}-${featureVersion}-${sha256(bytes)}`);
  const known = await readFile(file).catch(() => null);
  const features = known ? new Float32Array(new Uint8Array(known).buffer) : await extractFeatures(backbone, bytes);
  if (!known) await writeFile(file, Buffer.from(features.buffer, features.byteOffset, features.byteLength));
  return { targets: own.map((tag) => tags.indexOf(tag)), features, hash: await perceptualHash(bytes) };
}

/** One truth as it would be if the probabilities were right. */
function drawTruth({ probabilities, targets, tagCount, kind }: EvaluationInput, random: () => number): number[][] {
  return targets.map((_, i) => {
    const row = probabilities.subarray(i * tagCount, (i + 1) * tagCount);
    if (kind === 'MULTILABEL') return [...row.keys()].filter((k) => random() < (row[k] ?? 0));
    let rest = random();
    const drawn = row.findIndex((p) => (rest -= p) < 0);
    return [drawn < 0 ? tagCount - 1 : drawn];
  });
}

/**
 * Bins of a few photographs never show exactly the rate that was promised, so that the error of a perfect head is not 0:
 * its mean over truths that are drawn from the probabilities themselves.
 */
function calibrationNoise(input: EvaluationInput): number {
  const random = seededRandom(1);
  const errors = Array.from({ length: 50 }, () =>
    expectedCalibrationError({ ...input, targets: drawTruth(input, random) }),
  );
  return mean(errors);
}

/** From which probability on a tag counts as told; of one tag an image, the most probable one always. */
export const usualThreshold = (kind: ClassificationType): number => (kind === 'MULTICLASS' ? 0 : 0.5);

/** Trains as the product does, and measures on photographs that took no part. */
async function measure(
  train: readonly Example[],
  test: readonly Example[],
  { kind, tags }: Dataset,
): Promise<Record<string, number>> {
  const tagCount = tags.length;
  const targets = train.map((example) => example.targets);
  const groups = await groupNearDuplicates(train.map(({ hash }) => hash));
  const folds = assignFolds({ targets, groups, isTest: train.map(() => false), seed: 1 });
  const features = train.map((example) => example.features);
  const head = await fitHead({ features, targets, tagCount, kind, folds });
  const probabilities = new Float32Array(test.length * tagCount);
  test.forEach((example, i) => probabilities.set(headProbabilities(head, kind, example.features), i * tagCount));
  const truth = test.map((example) => example.targets);
  const input: EvaluationInput = {
    probabilities,
    targets: truth,
    tagCount,
    kind,
    threshold: usualThreshold(kind),
  };
  const { accuracy, averagePrecision, expectedCalibrationError: error, logLoss } = evaluate(input);
  const noise = calibrationNoise(input);
  return { right: 100 * accuracy, averagePrecision: averagePrecision.value, error, noise, logLoss };
}

interface HeadTrial extends Trial {
  spec: BackboneSpec;
  imagesPerTag: number | 'all';
}

async function* measureTrial(
  dataset: Dataset,
  { spec, imagesPerTag }: HeadTrial,
  seeds: readonly number[],
): AsyncIterable<OneMeasured> {
  await mkdir(cache, { recursive: true });
  const backbone = await openBackbone(spec, { threads: 2 });
  const load = async (files: LabelledFile[]): Promise<Example[]> => {
    const examples: Example[] = [];
    for (const file of files) examples.push(await exampleOf(backbone, file, dataset.tags));
    return examples;
  };
  const [training, testing] = [await load(dataset.train), await load(dataset.test)];
  await backbone.release();
  for (const seed of seeds) {
    const examples =
      imagesPerTag === 'all' ? training : drawUntilEach(training, ({ targets }) => targets, imagesPerTag, seed);
    yield { figures: await measure(examples, testing, dataset) };
  }
}

/** Sets and how many images a tag are tried; a photograph of several tags has no place in a draw by tag. */
const plan: Record<string, (number | 'all')[]> = {
  clothing: [2, 3, 5, 10, 20, 'all'],
  trash: [2, 3, 5, 10, 20, 'all'],
  cookies: [2, 3, 5, 10, 20, 'all'],
  'mslearn-fruit': [2, 3, 5, 10, 'all'],
  'azure-trees': [2, 3, 5, 'all'],
  'playing-cards': ['all'],
};

const trials = Object.values(backbones).flatMap((spec) =>
  Object.entries(plan).flatMap(([set, counts]) =>
    counts.map((imagesPerTag): HeadTrial => {
      const labels = [spec.name, `${imagesPerTag}`];
      return { set, spec, imagesPerTag, labels, seeds: imagesPerTag === 'all' ? [1] : [1, 2, 3, 4, 5] };
    }),
  ),
);

export const heads: QualitySection = {
  title: 'Classifiers, QUICK',
  text:
    'A head on frozen features. “Right”: every tag of the photograph right, in percent; mAP: mean average precision over the tags; ECE: expected ' +
    'calibration error, and what a perfectly calibrated model would show on so few photographs. Few-image rows are five random draws. One standard error of 180 photographs is about 2.8 points.',
  labels: ['set', 'backbone', 'images a tag'],
  figures: [
    { name: 'right', head: 'right %', decimals: 1 },
    { name: 'averagePrecision', head: 'mAP', decimals: 3 },
    { name: 'error', head: 'ECE', decimals: 3 },
    { name: 'noise', head: 'ECE if perfect', decimals: 3 },
    { name: 'logLoss', head: 'log-loss', decimals: 3 },
  ],
  cases: casesOf('heads', trials, findDataset, measureTrial),
  smoke: 'heads/mslearn-fruit/efficientnet-lite0/5',
};
