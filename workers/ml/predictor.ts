import { probabilitiesOf } from './calibration.ts';
import { extractFeatures, extractFeaturesWithMap, FEATURE_VERSION, type FeatureExtractor } from './features.ts';
import { headLogits, linearLogits } from './head.ts';
import { drawHeatmap, tagRelevance } from './heatmap.ts';
import type { ClassifierModel } from './model-package.ts';

/** One tag of a prediction. */
export interface TagResult {
  tagIndex: number;
  /** 0 to 1, calibrated. */
  probability: number;
  /** Only with `explain`, for the most probable tags. */
  heatmapPng?: Buffer;
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
  if (model.featureVersion !== FEATURE_VERSION) {
    throw new Error(
      `The model was trained on features ${model.featureVersion}; this version makes ${FEATURE_VERSION}.`,
    );
  }
}

function rank(model: ClassifierModel, features: Float32Array): TagResult[] {
  const logits = model.tail ? linearLogits(model, features) : headLogits(model, features);
  const probabilities = probabilitiesOf(logits, model.kind, model.temperature);
  return Array.from(probabilities, (probability, tagIndex) => ({ tagIndex, probability })).sort(
    (a, b) => b.probability - a.probability || a.tagIndex - b.tagIndex,
  );
}
