import { createHash } from 'node:crypto';
import { readClassifierPackage, writeClassifierPackage, type ClassifierModel } from './classifier-package.ts';
import { readDetectorPackage, writeDetectorPackage, type DetectorModel } from './detection/detector-package.ts';
import { isTensorFile } from './tensor-file.ts';

export type { ClassifierModel } from './classifier-package.ts';
export type { DetectorModel } from './detection/detector-package.ts';
export type { ModelTag } from './package-header.ts';

/** Everything that a prediction needs apart from the backbone's own file; `kind` tells which it is. */
export type Model = ClassifierModel | DetectorModel;

/** The model as bytes; equal models give equal bytes. */
export function writeModelPackage(model: Model): Uint8Array {
  return model.kind === 'DETECTION' ? writeDetectorPackage(model) : writeClassifierPackage(model);
}

/** Reads and checks a model package. */
export function readModelPackage(bytes: Uint8Array): Model {
  return isTensorFile(bytes) ? readDetectorPackage(bytes) : readClassifierPackage(bytes);
}

/** SHA-256 as lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
