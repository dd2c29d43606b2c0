import { probabilitiesOf } from './classification/calibration.ts';
import type { Box, SuppressionOptions } from './detection/boxes.ts';
import { isTuned } from './detection/expansion.ts';
import { openDetector, predictBoxes } from './detection/predict-boxes.ts';
import { extractFeatures, extractFeaturesWithMap, featureVersion, type FeatureExtractor } from './features.ts';
import { memoryPerTailByte, openTail, tunedBackbone } from './fine-tuning/tail.ts';
import type { Trunk } from './fine-tuning/trunk.ts';
import { headLogits } from './classification/head.ts';
import { drawHeatmap, tagRelevance } from './classification/heatmap.ts';
import type { ClassifierModel, DetectorModel, Model } from './model-package.ts';
import type { SharedSessions } from './shared-sessions.ts';
import { bytesOf, type Weights } from './trainer/network.ts';
import { checkUsable } from './usable-model.ts';

/** One tag of a prediction, or one object. */
export interface TagResult {
  tagIndex: number;
  /** 0 to 1, calibrated. */
  probability: number;
  /** Where the object is; for detectors only. */
  box?: Box;
  /** Only with `explain`, for the most probable tags; for classifiers only. */
  heatmapPng?: Buffer;
}

export interface PredictionOptions {
  explain?: boolean;
  /** For detectors only; by default the options that the model was packed with. */
  suppression?: SuppressionOptions;
}

/** A model that is ready to answer. */
export interface Predictor {
  model: Model;
  /** What it takes of memory, without the sessions that all models share. */
  sizeBytes: number;
  /** Results run from the highest probability down. */
  predict(bytes: Uint8Array, options?: PredictionOptions): Promise<TagResult[]>;
  /** Only when nothing is being predicted. */
  release(): Promise<void>;
}

/** @throws UnusableModel */
export async function openPredictor(model: Model, shared: SharedSessions): Promise<Predictor> {
  await checkUsable(model);
  if (model.kind === 'DETECTION') return detectionPredictor(model, shared);
  if (model.tail) return tunedPredictor(model, model.tail, await shared.trunk(model.backbone));
  const backbone = await shared.backbone(model.backbone);
  return {
    model,
    sizeBytes: headBytes(model),
    predict: async (bytes, options) => (await predictImage(backbone, model, bytes, options)).results,
    release: () => Promise.resolve(),
  };
}

async function tunedPredictor(model: ClassifierModel, weights: Weights, trunk: Trunk): Promise<Predictor> {
  const tail = await openTail(trunk.spec, weights);
  const backbone = tunedBackbone(trunk, tail);
  // The numbers are in the session now; that there is a tail is all that has to be known of it.
  const kept: ClassifierModel = { ...model, tail: new Map() };
  return {
    model: kept,
    sizeBytes: headBytes(model) + memoryPerTailByte * bytesOf(weights),
    predict: async (bytes, options) => (await predictImage(backbone, kept, bytes, options)).results,
    release: () => tail.release(),
  };
}

function headBytes({ weights, bias }: ClassifierModel): number {
  return weights.byteLength + bias.byteLength;
}

async function detectionPredictor(model: DetectorModel, shared: SharedSessions): Promise<Predictor> {
  const backbone = await (isTuned(model.weights) ? shared.trunk(model.backbone) : shared.backbone(model.backbone));
  const detector = await openDetector(model, { threads: 1 });
  return {
    model: detector.model,
    sizeBytes: detector.head.sizeBytes,
    predict: async (bytes, { suppression } = {}) => {
      const boxes = await predictBoxes(backbone, detector, bytes, suppression);
      return boxes.map(({ tagIndex, probability, ...box }) => ({ tagIndex, probability, box }));
    },
    release: () => detector.head.release(),
  };
}

/** A heat map is drawn for this many of the most probable tags. */
const explainedTags = 3;

/**
 * Classifies one picture, with the same steps as in training and evaluation. Results run from the highest down.
 * @param backbone the model's own (`tunedBackbone`) if it is fine-tuned
 */
export async function predictImage(
  backbone: FeatureExtractor,
  model: ClassifierModel,
  bytes: Uint8Array,
  opts: { explain?: boolean } = {},
): Promise<{ results: TagResult[] }> {
  checkFit(backbone, model);
  if (!opts.explain) return { results: rank(model, await extractFeatures(backbone, bytes)) };
  const maps = await extractFeaturesWithMap(backbone, bytes);
  const results = rank(model, maps.pooled);
  for (const result of results.slice(0, explainedTags)) {
    const relevance = tagRelevance(model, result.tagIndex, maps);
    result.heatmapPng = await drawHeatmap(bytes, relevance, maps.side);
  }
  return { results };
}

function checkFit(backbone: FeatureExtractor, model: ClassifierModel): void {
  if (backbone.spec.name !== model.backbone) {
    throw new Error(`The model needs the backbone ${model.backbone}, not ${backbone.spec.name}.`);
  }
  if (model.featureVersion !== featureVersion) {
    throw new Error(`The model was trained on features ${model.featureVersion}; this version makes ${featureVersion}.`);
  }
}

function rank(model: ClassifierModel, features: Float32Array): TagResult[] {
  const logits = headLogits(model, features);
  const probabilities = Float32Array.from(probabilitiesOf(logits, model.kind, model.temperature));
  return Array.from(probabilities, (probability, tagIndex) => ({ tagIndex, probability })).sort(
    (a, b) => b.probability - a.probability || a.tagIndex - b.tagIndex,
  );
}
