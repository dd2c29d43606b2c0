import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import type { StorageConfig } from '../infra/config.ts';
import { keys } from '../infra/storage/keys.ts';
import { OutageError } from '../infra/outage.ts';
import { openStorage } from '../infra/storage/open.ts';
import { ObjectNotFound } from '../infra/storage/storage.ts';
import { SizedCache } from '../infra/sized-cache.ts';
import type { PredictionOutcome, PredictionTask, ProposalOutcome } from '../schema/contracts/prediction.ts';
import { ImageRefusal, inspectHeader, type ImageLimits } from './ml/images/image.ts';
import { readModelPackage } from './ml/model-package.ts';
import { openPredictor, type Predictor } from './ml/predictor.ts';
import { proposeRegions } from './ml/region-proposals/propose-regions.ts';
import { SharedSessions } from './ml/shared-sessions.ts';
import { uncertaintyOf } from './ml/uncertainty.ts';
import { UnusableModel } from './ml/usable-model.ts';

export interface PredictionThreadConfig {
  storage: StorageConfig;
  limits: ImageLimits;
  /** Share of this thread. */
  modelMemoryBytes: number;
}

const config = workerData as PredictionThreadConfig;
const storage = await openStorage(config.storage);
const predictors = new SizedCache<Predictor>(
  config.modelMemoryBytes,
  ({ sizeBytes }) => sizeBytes,
  (predictor) => predictor.release(),
);

const shared = new SharedSessions();

async function load(iterationId: string): Promise<Predictor> {
  return openPredictor(readModelPackage(await storage.get(keys.model(iterationId))), shared);
}

async function answer(task: PredictionTask): Promise<PredictionOutcome> {
  let isHit = true;
  const loadModel = (): Promise<Predictor> => {
    isHit = false;
    return load(task.iterationId);
  };
  const said = await predictors.use(task.iterationId, loadModel, (own) => ask(own, task));
  const cache = { thread: threadId, isHit, usedBytes: predictors.usedBytes };
  return { status: 'ANSWERED', ...said, models: cache };
}

async function ask(predictor: Predictor, { bytes, explain, suppression }: PredictionTask) {
  const startedMs = performance.now();
  // Sizes are checked before anything is decoded; damage is found by decoding.
  await inspectHeader(bytes, config.limits);
  const results = await predictor.predict(bytes, suppression ? { explain, suppression } : { explain });
  const named = results.map(({ tagIndex, probability, box, heatmapPng }) => ({
    tagId: predictor.model.tags[tagIndex]?.id ?? '',
    tagName: predictor.model.tags[tagIndex]?.name ?? '',
    probability,
    box: box ?? null,
    heatmapPng: heatmapPng ?? null,
  }));
  const uncertainty = uncertaintyOf(
    predictor.model.kind,
    results.map(({ probability }) => probability),
  );
  return { results: named, uncertainty, durationMs: performance.now() - startedMs };
}

export async function predictInThread(task: PredictionTask): Promise<PredictionOutcome> {
  try {
    return await answer(task);
  } catch (error) {
    if (error instanceof ObjectNotFound) return { status: 'NO_MODEL' };
    if (error instanceof OutageError) return { status: 'NO_STORAGE' };
    if (error instanceof UnusableModel) return { status: 'UNUSABLE_MODEL', message: error.message };
    return refusalOf(error);
  }
}

export async function proposeInThread(bytes: Uint8Array): Promise<ProposalOutcome> {
  try {
    await inspectHeader(bytes, config.limits);
    return { status: 'PROPOSED', proposals: await proposeRegions(await shared.backbone('efficientnet-lite0'), bytes) };
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Extract<PredictionOutcome, { status: 'REFUSED' }> {
  if (!(error instanceof ImageRefusal)) throw error;
  const { code, message, details } = error;
  return { status: 'REFUSED', code, message, details };
}
