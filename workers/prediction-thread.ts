import { threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import type { StorageConfig } from '../infra/config.ts';
import { keys } from '../infra/storage/keys.ts';
import { OutageError } from '../infra/outage.ts';
import { openStorage } from '../infra/storage/open.ts';
import { ObjectNotFound } from '../infra/storage/storage.ts';
import { SizedCache } from '../infra/sized-cache.ts';
import type { PredictionOutcome, PredictionTask } from '../schema/contracts/prediction.ts';
import { openBackbone, type Backbone } from './ml/backbones/backbone.ts';
import { backbones, type BackboneName } from './ml/backbones/registry.ts';
import { ImageRefusal, inspectHeader, type ImageLimits } from './ml/image.ts';
import { readModelPackage } from './ml/model-package.ts';
import { openPredictor, type Predictor } from './ml/predictor.ts';

export interface PredictionThreadConfig {
  storage: StorageConfig;
  limits: ImageLimits;
  /** Share of this thread. */
  modelMemoryBytes: number;
}

const config = workerData as PredictionThreadConfig;
const storage = await openStorage(config.storage);
const sessions = new Map<BackboneName, Promise<Backbone>>();
const predictors = new SizedCache<Predictor>(config.modelMemoryBytes, ({ sizeBytes }) => sizeBytes);

/** One session of each backbone serves every model of it; heads are small and come and go. */
function sessionOf(name: BackboneName): Promise<Backbone> {
  const open = sessions.get(name) ?? openBackbone(backbones[name], { threads: 1 });
  sessions.set(name, open);
  return open;
}

async function load(iterationId: string): Promise<Predictor> {
  const model = readModelPackage(await storage.get(keys.model(iterationId)));
  return openPredictor(model, await sessionOf(model.backbone));
}

async function answer({ iterationId, bytes, explain }: PredictionTask): Promise<PredictionOutcome> {
  let isHit = true;
  const { model, predict } = await predictors.get(iterationId, () => {
    isHit = false;
    return load(iterationId);
  });
  const startedMs = performance.now();
  // Sizes are checked before anything is decoded; damage is found by decoding.
  await inspectHeader(bytes, config.limits);
  const results = await predict(bytes, { explain });
  const named = results.map(({ tagIndex, probability, box, heatmapPng }) => ({
    tagId: model.tags[tagIndex]?.id ?? '',
    tagName: model.tags[tagIndex]?.name ?? '',
    probability,
    box: box ?? null,
    heatmapPng: heatmapPng ?? null,
  }));
  const cache = { thread: threadId, isHit, usedBytes: predictors.usedBytes };
  return { status: 'ANSWERED', results: named, durationMs: performance.now() - startedMs, models: cache };
}

export async function predictInThread(task: PredictionTask): Promise<PredictionOutcome> {
  try {
    return await answer(task);
  } catch (error) {
    if (error instanceof ObjectNotFound) return { status: 'NO_MODEL' };
    if (error instanceof OutageError) return { status: 'NO_STORAGE' };
    if (!(error instanceof ImageRefusal)) throw error;
    const { code, message, details } = error;
    return { status: 'REFUSED', code, message, details };
  }
}
