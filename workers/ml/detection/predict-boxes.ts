import type { Backbone } from '../backbones/backbone.ts';
import type { Trunk } from '../fine-tuning/trunk.ts';
import type { DetectedBox, SuppressionOptions } from './boxes.ts';
import { calibrated } from './calibration.ts';
import { Detector } from './detector.ts';
import { detectorParameters, type DetectorModel } from './detector-package.ts';
import { finestMaps, plainMaps, viewVersion } from './views.ts';

/** A detector that is ready to look at pictures. */
export interface OpenDetector {
  /** Without its weights, which the head has. */
  model: DetectorModel;
  head: Detector;
}

/** @param options.threads of one call */
export async function openDetector(model: DetectorModel, options: { threads: number }): Promise<OpenDetector> {
  if (model.viewVersion !== viewVersion)
    throw new Error(`The model was trained on views ${model.viewVersion}; this version makes ${viewVersion}.`);
  const head = await Detector.open(detectorParameters(model), options);
  return { model: { ...model, weights: new Map() }, head };
}

/**
 * Finds objects in one picture, with the same steps as in training and evaluation; the most probable first.
 * @param backbone of a tuned detector its trunk will do
 */
export async function predictBoxes(
  backbone: Backbone | Trunk,
  { model, head }: OpenDetector,
  bytes: Uint8Array,
  suppression: SuppressionOptions = model.suppression,
): Promise<DetectedBox[]> {
  if (backbone.spec.name !== model.backbone)
    throw new Error(`The model needs the backbone ${model.backbone}, not ${backbone.spec.name}.`);
  const maps = await ('pooled' in backbone ? plainMaps(backbone, bytes, model) : finestMaps(backbone, bytes, model));
  return calibrated(await head.detect(maps, suppression), model.calibration);
}
