import { createHash } from 'node:crypto';
import { backbones, type BackboneName } from './backbones/registry.ts';
import type { HeadParameters, ProjectKind } from './head.ts';
import { isTensorFile, readTensorFile, writeTensorFile, type NamedTensor } from './tensor-file.ts';

/** A tag as the model knows it. */
export interface ModelTag {
  id: string;
  name: string;
  type: 'REGULAR' | 'NEGATIVE';
}

/** Everything that a prediction of tags needs apart from the backbone's own file. */
export interface ClassifierModel extends HeadParameters {
  kind: ProjectKind;
  backbone: BackboneName;
  featureVersion: string;
  /** Side of the square input in pixels. */
  inputSize: number;
  /** In the order of the outputs. */
  tags: ModelTag[];
  /** Proposed probability threshold of each tag. */
  thresholds: number[];
  /**
   * Of a fine-tuned model: what it has in place of the backbone's convolutions from stride 8 on, by their names. Its head
   * stands on the raw pooled feature.
   */
  tail?: ReadonlyMap<string, Float32Array>;
}

export type Model = ClassifierModel;

/*
 * A model on a backbone as it is: 8 bytes "TAGLENS1", length of the header (uint32, little-endian), the header as JSON padded with blanks to a
 * multiple of 4, then weights [tags * 1280] and bias [tags] as little-endian float32, to the end of the file. All others are tensor files.
 */
const magic = 'TAGLENS1';
const prefixLength = 12;

/** The model as bytes; equal models give equal bytes. */
export function writeModelPackage(model: ClassifierModel): Uint8Array {
  const bytes = model.tail ? writeTunedPackage(model, model.tail) : writeHeadPackage(model);
  readModelPackage(bytes);
  return bytes;
}

/** Reads and checks a model package. */
export function readModelPackage(bytes: Uint8Array): Model {
  return isTensorFile(bytes) ? readTunedPackage(bytes) : readHeadPackage(bytes);
}

/** Spelt out field by field: the order of the keys, and so the bytes, must not depend on how the object was made. */
function headerOf(model: ClassifierModel): object {
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

function writeHeadPackage(model: ClassifierModel): Uint8Array {
  const json = Buffer.from(JSON.stringify(headerOf(model)), 'utf8');
  const padded = Math.ceil(json.length / 4) * 4;
  const floats = model.weights.length + model.bias.length;
  const bytes = Buffer.alloc(prefixLength + padded + floats * 4, ' ');
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(padded, 8);
  json.copy(bytes, prefixLength);
  let at = prefixLength + padded;
  for (const part of [model.weights, model.bias]) for (const value of part) at = bytes.writeFloatLE(value, at);
  return bytes;
}

function readHeadPackage(bytes: Uint8Array): ClassifierModel {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < prefixLength || view.toString('latin1', 0, 8) !== magic) throw invalid('it does not start as one');
  const bodyAt = prefixLength + view.readUInt32LE(8);
  if (bodyAt > view.length) throw invalid('its header is cut off');
  const header = checkHeader(parseHeader(view.toString('utf8', prefixLength, bodyAt)));
  const tagCount = header.tags.length;
  const length = backbones[header.backbone].featureLength;
  const expected = bodyAt + tagCount * (length + 1) * 4;
  if (view.length !== expected) throw invalid(`it has ${view.length} bytes instead of ${expected}`);
  const floats = new Float32Array(tagCount * (length + 1));
  for (let i = 0; i < floats.length; i++) floats[i] = view.readFloatLE(bodyAt + i * 4);
  if (!floats.every(Number.isFinite)) throw invalid('it has a weight that is no number');
  return { ...header, weights: floats.slice(0, tagCount * length), bias: floats.slice(tagCount * length) };
}

const tailPrefix = 'tail.';

/** The tensors of the tail are flat: their shapes are those of the backbone that the header names. */
function writeTunedPackage(model: ClassifierModel, tail: ReadonlyMap<string, Float32Array>): Uint8Array {
  const tensors = new Map<string, NamedTensor>([
    ['classifier.weight', { shape: [model.bias.length, model.weights.length / model.bias.length], data: model.weights }],
    ['classifier.bias', { shape: [model.bias.length], data: model.bias }],
  ]);
  for (const [name, data] of tail) tensors.set(tailPrefix + name, { shape: [data.length], data });
  return writeTensorFile(headerOf(model), tensors);
}

function readTunedPackage(bytes: Uint8Array): ClassifierModel {
  const { header: facts, tensors } = readTensorFile(bytes);
  const header = checkHeader(facts);
  const take = (name: string, length: number): Float32Array => {
    const data = tensors.get(name)?.data;
    if (data?.length !== length) throw invalid(`${name} has ${data?.length ?? 0} numbers instead of ${length}`);
    return data;
  };
  const tagCount = header.tags.length;
  const weights = take('classifier.weight', tagCount * backbones[header.backbone].featureLength);
  const bias = take('classifier.bias', tagCount);
  const own = [...tensors].filter(([name]) => name.startsWith(tailPrefix));
  const tail = new Map(own.map(([name, { data }]) => [name.slice(tailPrefix.length), data]));
  for (const data of [weights, bias, ...tail.values()])
    if (!data.every(Number.isFinite)) throw invalid('it has a weight that is no number');
  return { ...header, weights, bias, tail };
}

/** SHA-256 as lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function parseHeader(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below together with other wrong headers.
  }
  throw invalid('its header is not a JSON object');
}

function checkHeader(header: Record<string, unknown>): Omit<ClassifierModel, 'weights' | 'bias' | 'tail'> {
  const { kind, backbone, backboneSha256, featureVersion, inputSize, temperature, tags, thresholds } = header;
  if (kind !== 'MULTICLASS' && kind !== 'MULTILABEL') throw invalid(`kind ${String(kind)} is unknown`);
  if (typeof backbone !== 'string' || !Object.hasOwn(backbones, backbone)) throw invalid('its backbone is unknown');
  const name = backbone as BackboneName;
  if (backboneSha256 !== backbones[name].sha256) throw invalid('it was made with other backbone weights');
  if (typeof featureVersion !== 'string') throw invalid('featureVersion is missing');
  if (inputSize !== backbones[name].inputSize) throw invalid(`inputSize ${String(inputSize)} does not fit ${name}`);
  if (!isNumber(temperature) || temperature <= 0) throw invalid('temperature is not a positive number');
  if (!Array.isArray(tags) || tags.length === 0 || !tags.every(isTag)) throw invalid('tags are wrong');
  if (!Array.isArray(thresholds) || thresholds.length !== tags.length || !thresholds.every(isShare)) {
    throw invalid('thresholds are wrong');
  }
  return { kind, backbone: name, featureVersion, inputSize: backbones[name].inputSize, temperature, tags, thresholds };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isShare(value: unknown): value is number {
  return isNumber(value) && value >= 0 && value <= 1;
}

function isTag(value: unknown): value is ModelTag {
  if (typeof value !== 'object' || value === null) return false;
  const tag = value as Record<string, unknown>;
  const knownType = tag['type'] === 'REGULAR' || tag['type'] === 'NEGATIVE';
  return typeof tag['id'] === 'string' && typeof tag['name'] === 'string' && knownType;
}

function invalid(reason: string): Error {
  return new Error(`This is not a valid model package: ${reason}.`);
}
