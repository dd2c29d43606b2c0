import { readFile } from 'node:fs/promises';
import type { ClassifierModel } from '../classification/classifier-package.ts';
import { usualVersions } from '../trainer/onnx-file.ts';
import { classifierGraph, onnx12, type ClassifierGraphOptions } from './classifier-graph.ts';
import { classifierMetadata } from './classifier-metadata.ts';
import { checkParity, type ParityReport } from './classifier-parity.ts';
import type { Exporter, ExportFiles, ExportFlavor, ExportInput, ExportResult } from './exporter.ts';
import { labelsFile, manifestFile } from './manifest.ts';
import { referencePictures } from './reference-pictures.ts';

const modelFile = 'model.onnx';

type FlavorOptions = Omit<ClassifierGraphOptions, 'metadata'>;

interface OnnxFlavor extends ExportFlavor {
  options: FlavorOptions;
}

const flavors: readonly OnnxFlavor[] = [
  {
    name: null,
    description: 'Takes an image of any size; preprocessing is included. Operator set 17.',
    options: { input: 'ANY_SIZE', numbers: 'float32', versions: usualVersions },
  },
  {
    name: 'OnnxFloat16',
    description: 'The same with input and weights in half precision; it computes in float32. Operator set 17.',
    options: { input: 'ANY_SIZE', numbers: 'float16', versions: usualVersions },
  },
  {
    name: 'ONNX12',
    description:
      'For older tools (from 2018), with operator set 7: takes a square that the caller squashes the image into, ' +
      'so that results for images that are not square may differ from those of the server.',
    options: { input: 'SQUARE', numbers: 'float32', versions: onnx12 },
  },
];

/** A classifier as one ONNX file, in the archive that Azure's users know, with a report that it answers as the server. */
export const onnxClassifier: Exporter = {
  platform: 'ONNX',
  description: 'ONNX, for ONNX Runtime, Windows ML and most other tools.',
  flavors,
  modelKinds: ['MULTICLASS', 'MULTILABEL'],
  write,
};

async function write({ model, flavor, signal, onProgress, ...request }: ExportInput): Promise<ExportResult> {
  const known = flavors.find(({ name }) => name === flavor);
  if (!known || model.kind === 'DETECTION') throw new Error(`ONNX of ${model.kind} has no flavor ${String(flavor)}.`);
  await onProgress?.(0.1, 'Writing the network.');
  const metadata = classifierMetadata(model, known.options);
  const bytes = await classifierGraph(model, { ...known.options, metadata });
  signal?.throwIfAborted();
  await onProgress?.(0.4, 'Comparing with the server on reference images.');
  const pictures = await referencePictures(model.inputSize);
  const parity = await checkParity(model, bytes, known.options, pictures, signal);
  const manifest = {
    domainType: 'Classification' as const,
    platform: 'ONNX',
    flavor,
    modelFile,
    model: bytes,
    ...request,
  };
  const files: ExportFiles = new Map([
    [modelFile, bytes],
    ['labels.txt', labelsFile(model.tags)],
    ['cvexport.manifest', manifestFile(manifest)],
    ['metadata_properties.json', jsonFile(metadata)],
    ['parity.json', jsonFile(parity)],
    ['README.txt', Buffer.from(readme(model, known, parity))],
    ['LICENSE', await readFile(new URL('../../../LICENSE', import.meta.url))],
    ['python/predict.py', await readFile(new URL('predict-onnx.py', import.meta.url))],
    ...pictures.map(({ name, png }): [string, Uint8Array] => [name, png]),
  ]);
  return { files, largestDifference: parity.largestDifference };
}

const jsonFile = (value: object): Buffer => Buffer.from(`${JSON.stringify(value, null, 4)}\n`);

function readme(model: ClassifierModel, { options, name }: OnnxFlavor, parity: ParityReport): string {
  const isAnySize = options.input === 'ANY_SIZE';
  const side = model.inputSize;
  return `An image classifier, exported by Taglens for ONNX${name ? ` (${name})` : ''}

Files
  model.onnx                 The whole model: backbone, head, calibration. Input and output are described below.
  labels.txt                 The tags, one per line, in the order of the output.
  cvexport.manifest          A description of this export, in the format of Azure Custom Vision's exports.
  metadata_properties.json   The preprocessing, the same as in the metadata of model.onnx.
  parity.json                The answers of the server and of this model for the images in reference/.
  python/predict.py          A sample for Python with onnxruntime, numpy and Pillow.

Input: "data", ${options.numbers}, ${isAnySize ? '[1, 3, height, width] of any size' : `[1, 3, ${side}, ${side}]`}
  The upright image (EXIF rotation applied, transparent areas on white) in sRGB, 8 bits per channel (a colour profile
  in the file applied), channels in the order red, green, blue, values 0 to 255, neither scaled nor shifted.
${
  isAnySize
    ? `  The model resizes the image itself. If its shorter side exceeds ${2 * side} pixels, shrink it to that size first (Lanczos), as
  the server does; this saves time and changes next to nothing.`
    : `  The whole image squashed to ${side} x ${side} (Lanczos). The server also looks at the centre of the image in its original
  proportions, which this input lacks: for images that are not square its answer may differ. The export without a
  flavor does not have this limitation.`
}

Output: "model_output", float32, [1, ${model.tags.length}]
  Calibrated probabilities, ${model.kind === 'MULTICLASS' ? 'which add up to 1' : 'each independent of the others'}.

How close it is to the server
  On the reference images the largest difference in probability was ${parity.largestDifference.toExponential(1)}; an export with more than
  ${parity.tolerance} is rejected. ${isAnySize ? 'The rest comes from rounding while resizing.' : 'This is for squares only; parity.json has the effect of squashing on other images.'}
  Check it with: python python/predict.py --check

The backbone is ${model.backbone} (weights under Apache-2.0, see LICENSE); what was learned from your images is yours.
`;
}
