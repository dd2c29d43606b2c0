import { describe, expect, it } from 'vitest';
import { backboneGraph } from '../../../workers/ml/backbones/backbone-graph.ts';
import { backbones } from '../../../workers/ml/backbones/registry.ts';
import { featureVersion } from '../../../workers/ml/features.ts';
import type { ClassifierModel } from '../../../workers/ml/model-package.ts';
import type { Weights } from '../../../workers/ml/trainer/network.ts';
import { checkUsable } from '../../../workers/ml/usable-model.ts';
import { doubtfulDetector } from '../../integration/api/doubtful-detector.ts';

const detector = doubtfulDetector([{ id: 't', name: 'Gabel' }]);
const classifier = { kind: 'MULTICLASS', backbone: 'efficientnet-lite0', featureVersion } as const;
const { weights: tail } = await backboneGraph(backbones['efficientnet-lite0']);
const first = 'block5.expand.weight';
const without = new Map([...tail].filter(([name]) => name !== first));

const tails: [string, Weights, RegExp][] = [
  ['lacks a tensor', without, /block5.expand.weight has 0 numbers instead of/],
  ['has one of another length', new Map([...tail, ['head.bias', new Float32Array(3)]]), /head.bias has 3 numbers/],
  ['has one that the backbone has not', new Map([...tail, ['block99.dw.bias', new Float32Array(3)]]), /has no block99/],
];

describe('a model is usable', () => {
  it('of this version, with the whole tail of its backbone or none', async () => {
    await checkUsable(detector);
    await checkUsable({ ...detector, weights: new Map([...detector.weights, ...tail]) });
    await checkUsable(classifier as ClassifierModel);
    await checkUsable({ ...classifier, tail } as ClassifierModel);
  });

  it.each(tails)('not if its tail %s', async (_, wrong, reason) => {
    await expect(checkUsable({ ...classifier, tail: wrong } as ClassifierModel)).rejects.toThrow(reason);
    const tuned = { ...detector, weights: new Map([...detector.weights, ...wrong]) };
    await expect(checkUsable(tuned)).rejects.toThrow(reason);
  });

  it('not if it was made by another version, or with a backbone that its kind does not have', async () => {
    await expect(checkUsable({ ...detector, viewVersion: 'old' })).rejects.toThrow(/trained by old.*Train again/);
    await expect(checkUsable({ ...classifier, featureVersion: 'old' } as ClassifierModel)).rejects.toThrow(/by old/);
    await expect(checkUsable({ ...detector, backbone: 'efficientnet-lite2' })).rejects.toThrow(/efficientnet-lite2/);
  });
});
