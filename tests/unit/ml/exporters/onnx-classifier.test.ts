import { describe, expect, it } from 'vitest';
import { backboneGraph } from '../../../../workers/ml/backbones/backbone-graph.ts';
import { backbones } from '../../../../workers/ml/backbones/registry.ts';
import type { ClassifierModel } from '../../../../workers/ml/classification/classifier-package.ts';
import { zipOf } from '../../../../workers/ml/exporters/archive.ts';
import { inputTensor } from '../../../../workers/ml/exporters/classifier-parity.ts';
import { labelsFile } from '../../../../workers/ml/exporters/manifest.ts';
import { onnxClassifier } from '../../../../workers/ml/exporters/onnx-classifier.ts';
import { exporterFor } from '../../../../workers/ml/exporters/registry.ts';
import { squaresOf } from '../../../../workers/ml/exporters/resampling-graph.ts';
import { featureLength, featureVersion } from '../../../../workers/ml/features.ts';
import { toSquares, type Raster } from '../../../../workers/ml/images/image.ts';
import { seededRandom } from '../../../../workers/ml/random.ts';
import { floats, openSession } from '../../../../workers/ml/session.ts';
import { Graph } from '../../../../workers/ml/trainer/graph.ts';

interface Report {
  largestDifference: number;
  pictures: { isSameView: boolean; expected: number[]; difference: number }[];
}

/** A head that says something else of every picture, on the backbone as it is or with a tail that learned. */
async function classifier(kind: ClassifierModel['kind'], isTuned: boolean): Promise<ClassifierModel> {
  const random = seededRandom(4);
  const spec = backbones['efficientnet-lite0'];
  const tags = ['red', 'green', 'blue'].map((name) => ({ id: name, name, type: 'REGULAR' as const }));
  const weights = Float32Array.from({ length: tags.length * featureLength }, () => 2 * random() - 1);
  const facts = { backbone: spec.name, featureVersion, inputSize: spec.inputSize, temperature: 1.2 };
  const model = { kind, ...facts, tags, thresholds: tags.map(() => 0.5), weights, bias: new Float32Array(tags.length) };
  if (!isTuned) return model;
  const { weights: tail } = await backboneGraph(spec);
  return {
    ...model,
    tail: new Map([...tail].map(([name, data]) => [name, data.map((w) => w * (1 + 0.02 * random()))])),
  };
}

async function written(model: ClassifierModel, flavor: string | null) {
  const result = await onnxClassifier.write({ model, flavor, iterationId: 'i', requestedAt: new Date(0) });
  const report = JSON.parse(Buffer.from(result.files.get('parity.json') ?? []).toString()) as Report;
  return { ...result, report };
}

describe('The exporter of classifiers for ONNX', () => {
  it.each([
    ['MULTICLASS', false, null],
    ['MULTILABEL', false, 'OnnxFloat16'],
    ['MULTICLASS', true, null],
    ['MULTILABEL', true, 'OnnxFloat16'],
  ] as const)('writes a model that answers as the server: %s, fine-tuned %s, %s', async (kind, isTuned, flavor) => {
    const { report, largestDifference } = await written(await classifier(kind, isTuned), flavor);
    expect(report.pictures.map(({ isSameView }) => isSameView)).toEqual([true, true, true, true]);
    expect(new Set(report.pictures.map(({ expected }) => expected.join())).size).toBe(4);
    expect(largestDifference).toBeLessThan(0.02);
    // A square of the right size is not resized: what is left comes from the network alone.
    expect(report.pictures[0]?.difference).toBeLessThan(flavor === null ? 1e-5 : 2e-3);
    expect(report.largestDifference).toBe(largestDifference);
  });

  it('writes squares for old tools, with the operators of their time', async () => {
    const { report, files } = await written(await classifier('MULTICLASS', true), 'ONNX12');
    // Everything but the resizing is left, and that is exact.
    expect(report.largestDifference).toBeLessThan(1e-5);
    expect(report.pictures.map(({ isSameView }) => isSameView)).toEqual([true, false, false, false]);
    const session = await openSession(files.get('model.onnx') ?? new Uint8Array());
    expect(session.inputNames).toEqual(['data']);
    await session.release();
  });

  it('gives equal bytes for equal models', async () => {
    const model = await classifier('MULTICLASS', false);
    const [one, two] = [await written(model, null), await written(model, null)];
    expect(Buffer.compare(zipOf(one.files), zipOf(two.files))).toBe(0);
  });

  it('is found for what it can write only', () => {
    expect(exporterFor('ONNX', 'ONNX12', 'MULTILABEL')).toBe(onnxClassifier);
    for (const [platform, flavor, kind] of [
      ['CoreML', null, 'MULTICLASS'],
      ['ONNX', 'ONNX10', 'MULTICLASS'],
      ['ONNX', null, 'DETECTION'],
    ] as const)
      expect(exporterFor(platform, flavor, kind)).toBeUndefined();
  });

  it('keeps a name with a line break in one line', () => {
    const tags = ['a\nb', 'c'].map((name) => ({ id: name, name, type: 'REGULAR' as const }));
    expect(labelsFile(tags).toString()).toBe('a b\nc\n');
  });
});

describe('The squares that the exported graph cuts', () => {
  const side = 64;

  function noise(width: number, height: number): Raster {
    const random = seededRandom(width);
    // Waves with a little noise, so that a shift by half a pixel would show.
    const rgb = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
      return 127 + 90 * Math.sin(x / 5 + (at % 3)) * Math.cos(y / 7) + 20 * random();
    });
    return { rgb, width, height };
  }

  it.each([
    [64, 64],
    [120, 90],
    [50, 40],
    [100, 40],
    [64, 30],
    [90, 128],
    [100, 101],
    [128, 200],
  ])('are those of the server, two levels apart at most, for %i x %i', async (width, height) => {
    const graph = new Graph();
    const picture = graph.input('data', [1, 3, 'height', 'width']);
    graph.node('Identity', [squaresOf(graph, picture, side)], {}, 'squares');
    graph.output('squares', [2, 3, side, side]);
    const session = await openSession(graph.toOnnx());
    const raster = noise(width, height);
    const cut = floats((await session.run({ data: inputTensor(raster, { numbers: 'float32' }) }))['squares']);
    await session.release();
    const { whole, centre } = await toSquares(raster, side);
    const offBy = cut.map((value, at) => {
      const [view, channel] = [Math.floor(at / (3 * side * side)), Math.floor(at / (side * side)) % 3];
      const [y, x] = [Math.floor(at / side) % side, at % side];
      const square = view === 0 ? whole : centre;
      return Math.abs(value - (square[(y * side + (view === 0 ? x : side - 1 - x)) * 3 + channel] ?? NaN));
    });
    expect(Math.max(...offBy)).toBeLessThanOrEqual(2);
    expect(offBy.reduce((sum, off) => sum + off, 0) / offBy.length).toBeLessThan(0.3);
  });
});
