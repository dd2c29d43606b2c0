import type { ClassifierModel } from '../classification/classifier-package.ts';
import type { ClassifierGraphOptions } from './classifier-graph.ts';

/** The preprocessing that is left to the caller, by the keys of Azure's exports; what they have no key for has one of ours. */
export function classifierMetadata(
  { kind, inputSize, featureVersion }: ClassifierModel,
  { input }: Pick<ClassifierGraphOptions, 'input'>,
): Record<string, string> {
  const isAnySize = input === 'ANY_SIZE';
  const side = String(isAnySize ? 0 : inputSize);
  return {
    'CustomVision.Metadata.AdditionalModelInfo': '',
    'CustomVision.Metadata.Version': '1.2',
    'CustomVision.Postprocess.Method': kind === 'MULTICLASS' ? 'ClassificationMultiClass' : 'ClassificationMultiLabel',
    'CustomVision.Postprocess.Yolo.Biases': 'null',
    'CustomVision.Postprocess.Yolo.NmsThreshold': 'null',
    'CustomVision.Preprocess.CropHeight': '0',
    'CustomVision.Preprocess.CropMethod': 'NoCrop',
    'CustomVision.Preprocess.CropWidth': '0',
    'CustomVision.Preprocess.MaxDimension': '0',
    'CustomVision.Preprocess.MaxScale': '0.0',
    'CustomVision.Preprocess.MinDimension': '0',
    'CustomVision.Preprocess.MinScale': '0.0',
    'CustomVision.Preprocess.NormalizeMean': '[0.0, 0.0, 0.0]',
    'CustomVision.Preprocess.NormalizeStd': '[1.0, 1.0, 1.0]',
    'CustomVision.Preprocess.ResizeMethod': isAnySize ? 'NoResize' : 'Stretch',
    'CustomVision.Preprocess.TargetHeight': side,
    'CustomVision.Preprocess.TargetWidth': side,
    'Image.BitmapPixelFormat': 'Rgb8',
    'Image.ColorSpaceGamma': 'SRGB',
    'Image.NominalPixelRange': 'NominalRange_0_255',
    'Taglens.FeatureVersion': featureVersion,
    'Taglens.Preprocess.Kernel': 'Lanczos3',
    // Of the picture that the server makes both squares of; larger ones are shrunk to it first.
    'Taglens.Preprocess.ShorterSideAtMost': String(2 * inputSize),
  };
}
