import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBackbone, type Backbone } from '../workers/ml/backbones/backbone.ts';
import { backbones, type BackboneName } from '../workers/ml/backbones/registry.ts';
import { extractFeatures, FEATURE_VERSION } from '../workers/ml/features.ts';
import { assignFolds, groupNearDuplicates } from '../workers/ml/folds.ts';
import { fitHead, headProbabilities } from '../workers/ml/head.ts';
import { perceptualHash } from '../workers/ml/image.ts';
import { evaluate, expectedCalibrationError, type EvaluationInput } from '../workers/ml/metrics.ts';
import { sha256 } from '../workers/ml/model-package.ts';
import { seededRandom } from '../workers/ml/random.ts';
import { findDataset, type Dataset, type LabelledFile } from './datasets.ts';
import { printTable } from './report.ts';

const cache = join(tmpdir(), 'taglens-bench-features');

interface Example {
  targets: number[];
  features: Float32Array;
  hash: string;
}

/** Features by content, as in the product, so that a second run takes seconds. */
async function exampleOf(backbone: Backbone, { path, tags: own }: LabelledFile, tags: string[]): Promise<Example> {
  const bytes = await readFile(path);
  const file = join(cache, `${backbone.spec.name}-${FEATURE_VERSION}-${sha256(bytes)}`);
  const known = await readFile(file).catch(() => null);
  const features = known ? new Float32Array(new Uint8Array(known).buffer) : await extractFeatures(backbone, bytes);
  if (!known) await writeFile(file, Buffer.from(features.buffer, features.byteOffset, features.byteLength));
  return { targets: own.map((tag) => tags.indexOf(tag)), features, hash: await perceptualHash(bytes) };
}

/** So many examples of each tag, drawn by chance that the seed decides. */
function draw(examples: readonly Example[], perTag: number, seed: number): Example[] {
  const random = seededRandom(seed);
  const shuffled = examples.map((example) => ({ example, order: random() })).sort((a, b) => a.order - b.order);
  const counts = new Map<number, number>();
  return shuffled.flatMap(({ example }) => {
    const [target = 0] = example.targets;
    const count = counts.get(target) ?? 0;
    counts.set(target, count + 1);
    return count < perTag ? [example] : [];
  });
}

interface Figures {
  accuracy: number;
  /** Mean over the tags; the figure of multi-label sets. */
  averagePrecision: number;
  calibrationError: number;
  /** What a perfectly calibrated head would show on so few photographs. */
  calibrationNoise: number;
  logLoss: number;
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

/** Trains as the product does, and measures on photographs that took no part. */
async function measure(train: readonly Example[], test: readonly Example[], { kind, tags }: Dataset): Promise<Figures> {
  const tagCount = tags.length;
  const targets = train.map((example) => example.targets);
  const groups = groupNearDuplicates(train.map(({ hash }) => hash));
  const folds = assignFolds({ targets, groups, isTest: train.map(() => false), seed: 1 });
  const features = train.map((example) => example.features);
  const head = await fitHead({ features, targets, tagCount, kind, folds, seed: 1 });
  const probabilities = new Float32Array(test.length * tagCount);
  test.forEach((example, i) => probabilities.set(headProbabilities(head, kind, example.features), i * tagCount));
  const truth = test.map((example) => example.targets);
  const threshold = kind === 'MULTICLASS' ? 0 : 0.5;
  const input: EvaluationInput = { probabilities, targets: truth, tagCount, kind, threshold };
  const metrics = evaluate(input);
  return {
    accuracy: metrics.accuracy,
    averagePrecision: metrics.averagePrecision.value,
    calibrationError: metrics.expectedCalibrationError,
    calibrationNoise: calibrationNoise(input),
    logLoss: metrics.logLoss,
  };
}

interface Row {
  set: string;
  backbone: BackboneName;
  imagesPerTag: number | 'all';
  draws: Figures[];
}

async function measureSet(
  backbone: Backbone,
  dataset: Dataset,
  { perTag, draws }: { perTag: readonly (number | 'all')[]; draws: number },
): Promise<Row[]> {
  const { name, kind, tags, train, test } = dataset;
  const load = async (files: LabelledFile[]): Promise<Example[]> => {
    const examples: Example[] = [];
    for (const file of files) examples.push(await exampleOf(backbone, file, tags));
    return examples;
  };
  const [training, testing] = [await load(train), await load(test)];
  const rows: Row[] = [];
  for (const imagesPerTag of perTag) {
    // A photograph of several tags has no place in a draw by tag: multi-label sets are measured whole.
    if (imagesPerTag !== 'all' && (kind === 'MULTILABEL' || imagesPerTag * tags.length > training.length)) continue;
    const row: Row = { set: name, backbone: backbone.spec.name, imagesPerTag, draws: [] };
    for (let seed = 1; seed <= (imagesPerTag === 'all' ? 1 : draws); seed++) {
      const examples = imagesPerTag === 'all' ? training : draw(training, imagesPerTag, seed);
      row.draws.push(await measure(examples, testing, dataset));
    }
    rows.push(row);
  }
  return rows;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

function cells({ set, backbone, imagesPerTag, draws }: Row): string[] {
  const accuracies = draws.map(({ accuracy }) => 100 * accuracy);
  const spread = draws.length > 1 ? ` ± ${deviation(accuracies).toFixed(1)}` : '';
  const averagePrecision = mean(draws.map((draw) => draw.averagePrecision)).toFixed(3);
  const error = mean(draws.map(({ calibrationError }) => calibrationError)).toFixed(3);
  const noise = mean(draws.map((draw) => draw.calibrationNoise)).toFixed(3);
  const loss = mean(draws.map(({ logLoss }) => logLoss)).toFixed(3);
  return [
    set,
    backbone,
    `${imagesPerTag}`,
    `${mean(accuracies).toFixed(1)}${spread}`,
    averagePrecision,
    error,
    noise,
    loss,
  ];
}

const sets = ['clothing', 'trash', 'cookies', 'mslearn-fruit', 'azure-trees', 'playing-cards'];
const whole = { sets, perTag: [2, 3, 5, 10, 20, 'all'] as const, draws: 5 };
const short = { sets: ['mslearn-fruit'], perTag: [5] as const, draws: 1 };

/** Accuracy (multi-label: all tags right), mean average precision, calibration and log-loss on test splits, for few and for many images a tag. */
export async function benchQuality({ smoke }: { smoke: boolean }): Promise<void> {
  await mkdir(cache, { recursive: true });
  const plan = smoke ? short : whole;
  const rows: Row[] = [];
  for (const spec of Object.values(backbones)) {
    const backbone = await openBackbone(spec, { threads: 2 });
    for (const name of plan.sets) {
      const dataset = await findDataset(name);
      if (dataset) rows.push(...(await measureSet(backbone, dataset, plan)));
    }
    await backbone.release();
  }
  printTable(
    ['set', 'backbone', 'images a tag', 'right %', 'mAP', 'ECE', 'ECE if perfect', 'log-loss'],
    rows.map(cells),
  );
  const file = join(tmpdir(), 'taglens-quality.json');
  await writeFile(file, JSON.stringify(rows, null, 2));
  console.log(`\nAll figures: ${file}`);
}
