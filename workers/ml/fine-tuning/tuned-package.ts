import { backbones } from '../backbones/registry.ts';
import { checkClassifierHeader, classifierHeader, type ClassifierModel } from '../classification/classifier-package.ts';
import { invalidPackage } from '../package-header.ts';
import { readTensorFile, writeTensorFile, type NamedTensor, type TensorFile } from '../tensor-file.ts';
import type { Weights } from '../trainer/network.ts';

/** Names of the tail's tensors begin so. */
const tailPrefix = 'tail.';

/**
 * A fine-tuned model as bytes; equal models give equal bytes. The tensors of the tail are flat: their shapes are those of the
 * backbone that the header names.
 */
export function writeTunedPackage(model: ClassifierModel, tail: Weights): Buffer {
  const { weights, bias } = model;
  const tensors = new Map<string, NamedTensor>([
    ['head.weight', { shape: [bias.length, weights.length / bias.length], data: weights }],
    ['head.bias', { shape: [bias.length], data: bias }],
  ]);
  for (const [name, data] of tail) tensors.set(tailPrefix + name, { shape: [data.length], data });
  const bytes = writeTensorFile(classifierHeader(model), tensors);
  readTunedPackage(readTensorFile(bytes));
  return bytes;
}

/** Checks and takes apart the package of a fine-tuned model. */
export function readTunedPackage({ header, tensors }: TensorFile): ClassifierModel {
  const facts = checkClassifierHeader(header);
  const take = (name: string, length: number): Float32Array => {
    const data = tensors.get(name)?.data;
    if (data?.length !== length) throw invalidPackage(`${name} has ${data?.length ?? 0} numbers instead of ${length}`);
    return data;
  };
  const tagCount = facts.tags.length;
  const weights = take('head.weight', tagCount * backbones[facts.backbone].featureLength);
  const bias = take('head.bias', tagCount);
  const tail: Weights = new Map();
  for (const [name, { data }] of tensors)
    if (name.startsWith(tailPrefix)) tail.set(name.slice(tailPrefix.length), data);
  for (const data of [weights, bias, ...tail.values()])
    if (!data.every(Number.isFinite)) throw invalidPackage('it has a weight that is not a number');
  return { ...facts, weights, bias, tail };
}
