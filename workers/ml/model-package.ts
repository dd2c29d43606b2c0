import { createHash } from 'node:crypto';
import {
  readClassifierPackage,
  writeClassifierPackage,
  type ClassifierModel,
} from './classification/classifier-package.ts';
import { readDetectorPackage, writeDetectorPackage, type DetectorModel } from './detection/detector-package.ts';
import { readTunedPackage, writeTunedPackage } from './fine-tuning/tuned-package.ts';
import { isTensorFile, readTensorFile } from './tensor-file.ts';

export type { ClassifierModel } from './classification/classifier-package.ts';
export type { DetectorModel } from './detection/detector-package.ts';
export type { ModelTag } from './package-header.ts';

/** Everything that a prediction needs apart from the backbone's own file; `kind` tells which it is. */
export type Model = ClassifierModel | DetectorModel;

/** The model as bytes; equal models give equal bytes. */
export function writeModelPackage(model: Model): Uint8Array {
  if (model.kind === 'DETECTION') return writeDetectorPackage(model);
  return model.tail ? writeTunedPackage(model, model.tail) : writeClassifierPackage(model);
}

/** Reads and checks a model package. */
export function readModelPackage(bytes: Uint8Array): Model {
  if (!isTensorFile(bytes)) return readClassifierPackage(bytes);
  const file = readTensorFile(bytes);
  return file.header['kind'] === 'DETECTION' ? readDetectorPackage(bytes) : readTunedPackage(file);
}

/** SHA-256 as lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
