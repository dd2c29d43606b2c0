import { backbones, type BackboneName } from '../backbones/registry.ts';
import type { ClassificationType } from './head-loss.ts';
import type { HeadParameters } from './head.ts';
import {
  backboneOf,
  invalidPackage,
  isNumber,
  isShare,
  tagsOf,
  type ModelTag,
  type PackageHeader,
} from '../package-header.ts';
import type { Weights } from '../trainer/network.ts';

/** Everything that a classification needs apart from the backbone's own file. */
export interface ClassifierModel extends HeadParameters {
  kind: ClassificationType;
  backbone: BackboneName;
  featureVersion: string;
  /** Side of the square input in pixels. */
  inputSize: number;
  /** In the order of the outputs. */
  tags: ModelTag[];
  /** Proposed probability threshold of each tag. */
  thresholds: number[];
  /**
   * Of a fine-tuned model: what it has in place of the backbone's convolutions from stride 8 on, by their names.
   */
  tail?: Weights;
}

/*
 * Layout of a model on a backbone as it is (fine-tuned ones are tensor files): 8 bytes "TAGLENS1", length of the header (uint32, little-endian), the header as JSON padded with blanks to a
 * multiple of 4, then weights [tags * 1280] and bias [tags] as little-endian float32, to the end of the file.
 */
const magic = 'TAGLENS1';
const prefixLength = 12;

/** The model as bytes; equal models give equal bytes. */
export function writeClassifierPackage(model: ClassifierModel): Uint8Array {
  const json = Buffer.from(JSON.stringify(classifierHeader(model)), 'utf8');
  const padded = Math.ceil(json.length / 4) * 4;
  const floats = model.weights.length + model.bias.length;
  const bytes = Buffer.alloc(prefixLength + padded + floats * 4, ' ');
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(padded, 8);
  json.copy(bytes, prefixLength);
  let at = prefixLength + padded;
  for (const part of [model.weights, model.bias]) for (const value of part) at = bytes.writeFloatLE(value, at);
  readClassifierPackage(bytes);
  return bytes;
}

/** Spelt out field by field: the order of the keys, and so the bytes, must not depend on how the object was made. */
export function classifierHeader(model: ClassifierModel): object {
  return {
    kind: model.kind,
    backbone: model.backbone,
    backboneSha256: backbones[model.backbone].sha256,
    featureVersion: model.featureVersion,
    inputSize: model.inputSize,
    temperature: model.temperature,
    tags: model.tags.map(({ id, name, type }) => ({ id, name, type })),
    thresholds: model.thresholds,
  };
}

/** Reads and checks the package of a classifier on a backbone as it is. */
export function readClassifierPackage(bytes: Uint8Array): ClassifierModel {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < prefixLength || view.toString('latin1', 0, 8) !== magic)
    throw invalidPackage('it has the wrong signature');
  const bodyAt = prefixLength + view.readUInt32LE(8);
  if (bodyAt > view.length) throw invalidPackage('its header is cut off');
  const header = checkClassifierHeader(parseHeader(view.toString('utf8', prefixLength, bodyAt)));
  const tagCount = header.tags.length;
  const length = backbones[header.backbone].featureLength;
  const expected = bodyAt + tagCount * (length + 1) * 4;
  if (view.length !== expected) throw invalidPackage(`it has ${view.length} bytes instead of ${expected}`);
  const floats = new Float32Array(tagCount * (length + 1));
  for (let i = 0; i < floats.length; i++) floats[i] = view.readFloatLE(bodyAt + i * 4);
  if (!floats.every(Number.isFinite)) throw invalidPackage('it has a weight that is not a number');
  return { ...header, weights: floats.slice(0, tagCount * length), bias: floats.slice(tagCount * length) };
}

function parseHeader(text: string): PackageHeader {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as PackageHeader;
  } catch {
    // Reported below together with other wrong headers.
  }
  throw invalidPackage('its header is not a JSON object');
}

/** All but the numbers. */
export function checkClassifierHeader(header: PackageHeader): Omit<ClassifierModel, 'weights' | 'bias' | 'tail'> {
  const { kind, featureVersion, inputSize, temperature, thresholds } = header;
  if (kind !== 'MULTICLASS' && kind !== 'MULTILABEL') throw invalidPackage(`kind ${String(kind)} is unknown`);
  const backbone = backboneOf(header);
  const tags = tagsOf(header);
  if (typeof featureVersion !== 'string') throw invalidPackage('featureVersion is missing');
  if (inputSize !== backbones[backbone].inputSize)
    throw invalidPackage(`inputSize ${String(inputSize)} does not fit ${backbone}`);
  if (!isNumber(temperature) || temperature <= 0) throw invalidPackage('temperature is not a positive number');
  if (!Array.isArray(thresholds) || thresholds.length !== tags.length || !thresholds.every(isShare)) {
    throw invalidPackage('thresholds are wrong');
  }
  return { kind, backbone, featureVersion, inputSize: backbones[backbone].inputSize, temperature, tags, thresholds };
}
