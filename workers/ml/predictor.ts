import type { Backbone } from './backbones/backbone.ts';
import type { Box, SuppressionOptions } from './detection/boxes.ts';
import { openDetector, predictBoxes } from './detection/predict-boxes.ts';
import { extractFeatures, extractFeaturesWithMap, FEATURE_VERSION } from './features.ts';
import { headProbabilities } from './head.ts';
import { drawHeatmap, tagRelevance } from './heatmap.ts';
import type { ClassifierModel, DetectorModel, Model } from './model-package.ts';

/** One tag of a prediction, or one object. */
export interface TagResult {
  tagIndex: number;
  /** 0 to 1, calibrated. */
  probability: number;
  /** Of detectors only: where the object is. */
  box?: Box;
  /** Only with `explain`, for the most probable tags; of classifiers only. */
  heatmapPng?: Buffer;
}

export interface PredictionOptions {
  explain?: boolean;
  /** Of detectors only; default: what the model was packed with. */
  suppression?: SuppressionOptions;
}

/** A model that is ready to answer. */
export interface Predictor {
  model: Model;
  /** What it takes of memory, without the backbone's session, which all models share. */
  sizeBytes: number;
  /** Results run from the highest probability down. */
  predict(bytes: Uint8Array, options?: PredictionOptions): Promise<TagResult[]>;
}

export async function openPredictor(model: Model, backbone: Backbone): Promise<Predictor> {
  if (model.kind === 'DETECTION') return detectionPredictor(model, backbone);
  return {
    model,
    sizeBytes: model.weights.byteLength + model.bias.byteLength,
    predict: async (bytes, options) => (await predictImage(backbone, model, bytes, options)).results,
  };
}

async function detectionPredictor(model: DetectorModel, backbone: Backbone): Promise<Predictor> {
  const detector = await openDetector(model, { threads: 1 });
  return {
    model,
    sizeBytes: detector.head.sizeBytes,
    predict: async (bytes, { suppression } = {}) => {
      const boxes = await predictBoxes(backbone, detector, bytes, suppression);
      return boxes.map(({ tagIndex, probability, ...box }) => ({ tagIndex, probability, box }));
    },
  };
}

/** A heat map is drawn for this many of the most probable tags. */
const explainedTags = 3;

/** Classifies one picture, with the same steps as in training and evaluation. Results run from the highest down. */
export async function predictImage(
  backbone: Backbone,
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

function checkFit(backbone: Backbone, model: ClassifierModel): void {
  if (backbone.spec.name !== model.backbone) {
    throw new Error(`The model needs the backbone ${model.backbone}, not ${backbone.spec.name}.`);
  }
  if (model.featureVersion !== FEATURE_VERSION) {
    throw new Error(
      `The model was trained on features ${model.featureVersion}; this version makes ${FEATURE_VERSION}.`,
    );
  }
}

function rank(model: ClassifierModel, features: Float32Array): TagResult[] {
  const probabilities = headProbabilities(model, model.kind, features);
  return Array.from(probabilities, (probability, tagIndex) => ({ tagIndex, probability })).sort(
    (a, b) => b.probability - a.probability || a.tagIndex - b.tagIndex,
  );
}
