import { backbones } from '../backbones/registry.ts';
import {
  backboneOf,
  invalidPackage,
  isNumber,
  isShare,
  tagsOf,
  type ModelTag,
  type PackageHeader,
} from '../package-header.ts';
import { readTensorFile, writeTensorFile, type NamedTensor } from '../tensor-file.ts';
import type { Weights } from '../trainer/network.ts';
import type { SuppressionOptions } from './boxes.ts';
import type { BoxCalibration } from './calibration.ts';
import type { DetectorParameters } from './detector.ts';
import { headNetwork, isTrained } from './head-network.ts';
import { shapeOf, type DetectorShape } from './shape.ts';

/** Far above every recipe and domain. The network is built from these before anything else of a file is known to be true. */
const most = { inputSize: 1024, headWidth: 512, heads: 8 } as const;

/** Everything that a detection needs apart from the backbone's own file. */
export interface DetectorModel extends Required<DetectorShape> {
  kind: 'DETECTION';
  /** How pictures were drawn, see `viewVersion`. */
  viewVersion: string;
  /** In the order of the outputs. */
  tags: ModelTag[];
  calibration: BoxCalibration;
  /** What a publication starts from. */
  suppression: SuppressionOptions;
  weights: Weights;
}

/** The part that the head is built from. */
export function detectorParameters(model: DetectorModel): DetectorParameters {
  return { ...shapeOf(model), tagCount: model.tags.length, weights: model.weights };
}

/** The model as bytes; equal models give equal bytes. */
export function writeDetectorPackage(model: DetectorModel): Buffer {
  const { weights, isTiled, isMirrored, filledShare, heads, ...facts } = model;
  // Said of these only: packages from before there was tiling, a mirrored look, a margin or more than one head say nothing of it.
  const unusual = {
    ...(isTiled ? { isTiled } : {}),
    ...(isMirrored ? { isMirrored } : {}),
    ...(filledShare < 1 ? { filledShare } : {}),
    ...(heads > 1 ? { heads } : {}),
  };
  const header = { ...facts, ...unusual, backboneSha256: backbones[model.backbone].sha256 };
  const tensors = new Map<string, NamedTensor>();
  for (const [name, shape] of learnedShapes(model))
    tensors.set(name, { shape, data: weights.get(name) ?? new Float32Array() });
  // Flat: their shapes are those of the backbone that the header names.
  for (const [name, data] of weights) if (isOfTail(name)) tensors.set(name, { shape: [data.length], data });
  const bytes = writeTensorFile(header, tensors);
  readDetectorPackage(bytes);
  return bytes;
}

/** Reads and checks the package of a detector. */
export function readDetectorPackage(bytes: Uint8Array): DetectorModel {
  const { header, tensors } = readTensorFile(bytes);
  const facts = checkHeader(header);
  const shapes = learnedShapes(facts);
  const tail = [...tensors.keys()].filter(isOfTail);
  const ofHeads = tensors.size - tail.length;
  if (ofHeads !== shapes.size) throw invalidPackage(`it has ${ofHeads} tensors of heads instead of ${shapes.size}`);
  for (const [name, shape] of shapes)
    if (tensors.get(name)?.shape.join() !== shape.join()) throw invalidPackage(`the tensor ${name} is wrong`);
  const weights = new Map([...tensors].map(([name, { data }]) => [name, data]));
  for (const data of weights.values())
    if (!data.every(Number.isFinite)) throw invalidPackage('it has a weight that is not a number');
  return { ...facts, weights };
}

/** Whether it belongs to a backbone that learned too, as convolutions are named in the backbone's file. */
export function isOfTail(name: string): boolean {
  return /^(block\d+\.[a-z]+|head)\.(weight|bias)$/.test(name);
}

/** The shape of the head follows from its facts; the frozen part comes from the backbone. */
function learnedShapes({ tags, ...shape }: Omit<DetectorModel, 'weights'>): Map<string, readonly number[]> {
  const network = headNetwork({ ...shape, tagCount: tags.length }, { isFolded: true });
  return new Map([...network.parameters()].filter(([name]) => isTrained(name)));
}

function checkHeader(header: PackageHeader): Omit<DetectorModel, 'weights'> {
  const { kind, viewVersion } = header;
  const { isTiled = false, isMirrored = false, filledShare = 1 } = header;
  if (kind !== 'DETECTION') throw invalidPackage(`kind ${String(kind)} is unknown`);
  if (typeof viewVersion !== 'string') throw invalidPackage('viewVersion is missing');
  const inputSize = boundedCount(header, 'inputSize');
  if (inputSize % 32 !== 0) throw invalidPackage(`inputSize ${inputSize} is not a multiple of 32`);
  if (typeof isTiled !== 'boolean') throw invalidPackage(`isTiled ${String(isTiled)} is invalid`);
  if (typeof isMirrored !== 'boolean') throw invalidPackage(`isMirrored ${String(isMirrored)} is invalid`);
  if (!isShare(filledShare) || filledShare === 0) throw invalidPackage(`filledShare ${String(filledShare)} is invalid`);
  return {
    kind,
    backbone: backboneOf(header),
    viewVersion,
    inputSize,
    headWidth: boundedCount(header, 'headWidth'),
    heads: boundedCount({ heads: 1, ...header }, 'heads'),
    isTiled,
    isMirrored,
    filledShare,
    tags: tagsOf(header),
    calibration: calibrationOf(header),
    suppression: suppressionOf(header),
  };
}

function boundedCount(header: PackageHeader, field: keyof typeof most): number {
  const { [field]: value } = header;
  if (isCount(value) && value <= most[field]) return value;
  throw invalidPackage(`${field} must be 1 to ${most[field]}; it is ${String(value)}`);
}

function calibrationOf({ calibration }: PackageHeader): BoxCalibration {
  const { slope, offset } = (calibration ?? {}) as Record<string, unknown>;
  if (!isNumber(slope) || slope <= 0 || !isNumber(offset)) throw invalidPackage('its calibration is invalid');
  return { slope, offset };
}

function suppressionOf({ suppression }: PackageHeader): SuppressionOptions {
  const { iouThreshold, maxBoxes } = (suppression ?? {}) as Record<string, unknown>;
  if (!isShare(iouThreshold) || !isCount(maxBoxes)) throw invalidPackage('its suppression of overlaps is invalid');
  return { iouThreshold, maxBoxes };
}

function isCount(value: unknown): value is number {
  return isNumber(value) && Number.isSafeInteger(value) && value > 0;
}
