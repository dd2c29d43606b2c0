import type { Model } from '../model-package.ts';
import type { Exporter } from './exporter.ts';
import { onnxClassifier } from './onnx-classifier.ts';

/** Every format that a model can be written in. Several may be of one platform, each for its kinds of models. */
export const exporters: readonly Exporter[] = [onnxClassifier];

/** Who writes a model of this kind in this form; undefined when nobody does. */
export function exporterFor(platform: string, flavor: string | null, kind: Model['kind']): Exporter | undefined {
  return exporters.find(
    (exporter) =>
      exporter.platform === platform &&
      exporter.modelKinds.includes(kind) &&
      exporter.flavors.some(({ name }) => name === flavor),
  );
}
