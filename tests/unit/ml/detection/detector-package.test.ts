import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { backboneGraph } from '../../../../workers/ml/backbones/backbone-graph.ts';
import { backbones } from '../../../../workers/ml/backbones/registry.ts';
import { expansionWeights } from '../../../../workers/ml/detection/expansion.ts';
import type { DetectorModel } from '../../../../workers/ml/detection/detector-package.ts';
import { foldWeights, headNetwork } from '../../../../workers/ml/detection/head-network.ts';
import { initialWeights } from '../../../../workers/ml/detection/initial-weights.ts';
import { fitNormalisation, mapTensors } from '../../../../workers/ml/detection/normalisation.ts';
import { levels, mapLength, type View } from '../../../../workers/ml/detection/view-pack.ts';
import { toFloat16 } from '../../../../workers/ml/float16.ts';
import { readModelPackage, writeModelPackage } from '../../../../workers/ml/model-package.ts';
import { seededRandom } from '../../../../workers/ml/random.ts';
import { readTensorFile, writeTensorFile } from '../../../../workers/ml/tensor-file.ts';
import { inferenceModel } from '../../../../workers/ml/trainer/inference-model.ts';

const shape = { inputSize: 64, headWidth: 16, heads: 2, tagCount: 2 };

function someMaps(seed: number): View['maps'] {
  const random = seededRandom(seed);
  const map = (level: (typeof levels)[number]) =>
    toFloat16(Float32Array.from({ length: mapLength(level, shape.inputSize) }, () => 4 * random() - 2));
  return [map(levels[0]), map(levels[1]), map(levels[2])];
}

async function outputsOf(model: Uint8Array): Promise<Map<string, Float32Array>> {
  const session = await InferenceSession.create(model);
  const outputs = await session.run(mapTensors([someMaps(3)], shape.inputSize));
  await session.release();
  return new Map(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]));
}

// eslint-disable-next-line @typescript-eslint/require-await -- what takes an iterable of views waits for each
async function* views(): AsyncIterable<View['maps']> {
  yield someMaps(1);
  yield someMaps(2);
}

it('computes the mean of what its heads say, with its normalisation folded in', async () => {
  const expansion = await expansionWeights('efficientnet-lite0');
  const network = headNetwork(shape, { isFolded: false });
  const normalisation = await fitNormalisation(views(), shape.inputSize, expansion, 1);
  const learned = initialWeights(network, 1);
  const whole = new Map([...expansion, ...normalisation, ...learned]);
  const plain = await outputsOf(inferenceModel(network, whole));
  const folded = await outputsOf(
    inferenceModel(headNetwork(shape, { isFolded: true }), foldWeights(whole, shape.heads)),
  );
  expect([...plain.keys()].sort()).toEqual([...folded.keys()].flatMap((name) => [name, `${name}-2`]).sort());
  for (const [name, values] of folded) {
    const [one, other] = [plain.get(name), plain.get(`${name}-2`)] as [Float32Array, Float32Array];
    values.forEach((value, i) => expect(value).toBeCloseTo(((one[i] as number) + (other[i] as number)) / 2, 4));
    expect(one).not.toEqual(other);
  }
  expect(plain.get('tags8')?.some((logit) => Math.abs(logit + 4) > 0.001)).toBe(true);
});

describe('the package of a detector', () => {
  const network = headNetwork(shape, { isFolded: true });
  const model: DetectorModel = {
    kind: 'DETECTION',
    backbone: 'efficientnet-lite0',
    viewVersion: '1',
    inputSize: shape.inputSize,
    headWidth: shape.headWidth,
    heads: shape.heads,
    isTiled: false,
    isMirrored: false,
    filledShare: 1,
    tags: ['Gabel', 'Schere'].map((name, i) => ({ id: `t${i}`, name, type: 'REGULAR' })),
    calibration: { slope: 1.2, offset: -0.1 },
    suppression: { iouThreshold: 0.45, maxBoxes: 200 },
    weights: initialWeights(network, 1),
  };

  it('comes back as it was, without the frozen part', () => {
    const bytes = writeModelPackage(model);
    expect(readModelPackage(bytes)).toEqual(model);
    const numbers = [...model.weights.values()].reduce((sum, { length }) => sum + length, 0);
    expect(bytes.length).toBeLessThan(4 * numbers + 3000);
  });

  it('holds a tuned backbone too', async () => {
    const { weights: tail } = await backboneGraph(backbones['efficientnet-lite0']);
    const tuned = { ...model, weights: new Map([...model.weights, ...tail]) };
    expect(readModelPackage(writeModelPackage(tuned))).toEqual(tuned);
    const broken = new Map([...tuned.weights, ['block5.expand.bias', Float32Array.of(NaN)]]);
    expect(() => writeModelPackage({ ...model, weights: broken })).toThrow(/not a number/);
  });

  it.each(Object.entries({ isTiled: true, isMirrored: true, filledShare: 0.9 }))(
    'says %s when it is %s; an older one, which says nothing, is as usual',
    (fact, value) => {
      const unusual = writeModelPackage({ ...model, [fact]: value });
      expect(readModelPackage(unusual)).toMatchObject({ [fact]: value });
      expect(Buffer.from(writeModelPackage(model)).includes(fact)).toBe(false);
    },
  );

  it.each([
    [{ inputSize: 100 }, /not a multiple of 32/],
    [{ calibration: { slope: -1, offset: 0 } }, /calibration/],
    [{ suppression: { iouThreshold: 2, maxBoxes: 200 } }, /suppression/],
    [{ tags: [] }, /tags/],
    [{ headWidth: 32 }, /asks for/],
    [{ filledShare: 0 }, /filledShare 0 is invalid/],
    [{ heads: 3 }, /distances-3/],
  ])('refuses %j', (wrong, reason) => {
    expect(() => writeModelPackage({ ...model, ...wrong })).toThrow(reason);
  });

  it.each([
    ['heads', 9, 8],
    ['heads', 20_000, 8],
    ['heads', 0, 8],
    ['headWidth', 513, 512],
    ['headWidth', 1.5, 512],
    ['inputSize', 1056, 1024],
  ])('refuses a file with %s of %d before it builds a network of that size', (field, value, limit) => {
    const { header, tensors } = readTensorFile(writeModelPackage(model));
    const hostile = writeTensorFile({ ...header, [field]: value }, tensors);
    expect(() => readModelPackage(hostile)).toThrow(`${field} must be 1 to ${limit}; it is ${value}.`);
  });
});
