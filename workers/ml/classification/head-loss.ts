import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { featureLength, normaliseFeature } from '../features.ts';
import { minimiseAll, type Evaluation, type MinimiseOptions } from './lbfgs.ts';

/** One tag per picture, or any number of them. */
export type ClassificationType = 'MULTICLASS' | 'MULTILABEL';

/** Rows of a training set: the views of each picture, features of length 1 less their mean. */
export interface HeadRows {
  /** Views of each picture; they follow each other. */
  viewCount: number;
  rowCount: number;
  tagCount: number;
  /** [rowCount, 1280]. */
  x: Tensor;
  /** [rowCount, tagCount], 0 or 1. */
  y: Tensor;
  /** [1280]: what was taken from every row. */
  mean: Float64Array;
  /** What the bias is counted in, see `HeadLoss`. */
  biasUnit: number;
}

/** Puts the features of all pictures in one matrix, view by view and picture by picture. */
export function headRows(
  features: Float32Array[],
  targets: readonly (readonly number[])[],
  tagCount: number,
): HeadRows {
  const length = features[0]?.length ?? featureLength;
  const viewCount = length / featureLength;
  const rowCount = features.length * viewCount;
  const x = new Float32Array(rowCount * featureLength);
  const y = new Float32Array(rowCount * tagCount);
  features.forEach((feature, i) => {
    if (feature.length !== length) throw new RangeError(`Feature ${i} has length ${feature.length}, not ${length}.`);
    x.set(normaliseFeature(feature), i * length);
    for (const tag of targets[i] ?? [])
      for (let view = 0; view < viewCount; view++) y[(i * viewCount + view) * tagCount + tag] = 1;
  });
  const mean = centre(x, rowCount);
  return {
    viewCount,
    rowCount,
    tagCount,
    x: new Tensor('float32', x, [rowCount, featureLength]),
    y: new Tensor('float32', y, [rowCount, tagCount]),
    mean,
    biasUnit: lengthOfRows(x, rowCount) / 3,
  };
}

/**
 * Takes the mean off every row and returns it. The bias can make up for any shift, so the best head stays the same; but what
 * all pictures have in common no longer dwarfs what they differ in, and the minimiser needs half the steps.
 */
function centre(x: Float32Array, rowCount: number): Float64Array {
  const mean = new Float64Array(featureLength);
  for (let start = 0; start < x.length; start += featureLength)
    for (let d = 0; d < featureLength; d++) mean[d] = (mean[d] as number) + (x[start + d] as number) / rowCount;
  for (let start = 0; start < x.length; start += featureLength)
    for (let d = 0; d < featureLength; d++) x[start + d] = (x[start + d] as number) - (mean[d] as number);
  return mean;
}

/** Root mean square. */
function lengthOfRows(x: Float32Array, rowCount: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (x[i] as number);
  return Math.sqrt(sum / rowCount);
}

/** Numbers of one intermediate result: with many pictures and tags, fewer problems go side by side. */
const numbersAtOnce = 4_000_000;

/**
 * Regularised loss of the linear head, computed by onnxruntime. Parameters: W [tags, 1280] row by row, then b [tags] in units
 * of a third of a row's length, about what rows differ by in their leading directions: the minimiser then finds the loss
 * equally curved along the bias and along the weights. Without the unit it took 1.7 times the steps on clothing and waste.
 */
export class HeadLoss {
  private constructor(
    private readonly session: InferenceSession,
    private readonly rows: HeadRows,
  ) {}

  static async open(kind: ClassificationType, rows: HeadRows): Promise<HeadLoss> {
    const file = kind === 'MULTICLASS' ? 'head-softmax.onnx' : 'head-sigmoid.onnx';
    // One thread of the processor: sums in another order would give other bytes.
    const session = await InferenceSession.create(fileURLToPath(new URL(file, import.meta.url)), {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    });
    return new HeadLoss(session, rows);
  }

  get parameterCount(): number {
    return (featureLength + 1) * this.rows.tagCount;
  }

  /**
   * Loss and gradient of several problems at once.
   * @param points parameters of each
   * @param sampleWeights [rowCount] each, 0 leaves a row out
   * @param c inverse regularisation strength; the penalty is |W|^2 / (2C)
   */
  async evaluate(
    points: readonly Float32Array[],
    sampleWeights: readonly Float32Array[],
    c: number,
  ): Promise<Evaluation[]> {
    const { tagCount, rowCount, x, y, biasUnit } = this.rows;
    const [count, weightCount] = [points.length, featureLength * tagCount];
    const w = new Float32Array(count * weightCount);
    const b = new Float32Array(count * tagCount);
    points.forEach((point, i) => {
      w.set(point.subarray(0, weightCount), i * weightCount);
      for (let k = 0; k < tagCount; k++) b[i * tagCount + k] = biasUnit * (point[weightCount + k] as number);
    });
    const outputs = await this.session.run({
      X: x,
      Y: y,
      sampleWeight: new Tensor('float32', columns(sampleWeights, rowCount), [rowCount, count]),
      W: new Tensor('float32', w, [count * tagCount, featureLength]),
      b: new Tensor('float32', b, [count * tagCount]),
      halfInvC: new Tensor('float32', Float32Array.of(1 / (2 * c)), []),
    });
    const [values, gradW, gradB] = ['loss', 'gradW', 'gradB'].map((name) => outputs[name]?.data as Float32Array);
    return points.map((_, i) => {
      const gradient = new Float32Array(weightCount + tagCount);
      gradient.set(gradW?.subarray(i * weightCount, (i + 1) * weightCount) ?? [], 0);
      for (let k = 0; k < tagCount; k++) gradient[weightCount + k] = biasUnit * (gradB?.[i * tagCount + k] ?? NaN);
      return { value: values?.[i] ?? NaN, gradient };
    });
  }

  /** The parameters with the lowest loss of each problem, found from its start. */
  async fit(
    starts: readonly Float32Array[],
    sampleWeights: readonly Float32Array[],
    c: number,
    options: MinimiseOptions = {},
  ): Promise<Float32Array[]> {
    const { rowCount, tagCount } = this.rows;
    const width = Math.max(1, Math.floor(numbersAtOnce / (rowCount * tagCount)));
    const found: Float32Array[] = [];
    for (let first = 0; first < starts.length; first += width) {
      const own = sampleWeights.slice(first, first + width);
      const evaluate = (points: Float32Array[], indexes: number[]): Promise<Evaluation[]> =>
        this.evaluate(
          points,
          indexes.map((i) => own[i] as Float32Array),
          c,
        );
      found.push(...(await minimiseAll(evaluate, starts.slice(first, first + width), options)));
    }
    return found;
  }

  /** Logits of one picture: the mean of its views, [tags]. */
  logits(parameters: Float32Array, image: number): Float64Array {
    const { tagCount, viewCount, x, biasUnit } = this.rows;
    const length = viewCount * featureLength;
    const views = (x.data as Float32Array).subarray(image * length, (image + 1) * length);
    return Float64Array.from({ length: tagCount }, (_, k) => {
      const own = parameters.subarray(k * featureLength, (k + 1) * featureLength);
      let sum = 0;
      for (let start = 0; start < length; start += featureLength)
        for (let d = 0; d < featureLength; d++) sum += (views[start + d] as number) * (own[d] as number);
      return sum / viewCount + biasUnit * (parameters[featureLength * tagCount + k] as number);
    });
  }

  /** The head for features as they are, before the mean is taken off: weights [tags * 1280] and bias [tags]. */
  head(parameters: Float32Array): { weights: Float32Array; bias: Float32Array } {
    const { tagCount, mean, biasUnit } = this.rows;
    const weights = parameters.slice(0, featureLength * tagCount);
    const bias = Float32Array.from({ length: tagCount }, (_, k) => {
      let shift = 0;
      for (let d = 0; d < featureLength; d++) shift += (mean[d] as number) * (weights[k * featureLength + d] as number);
      return biasUnit * (parameters[weights.length + k] as number) - shift;
    });
    return { weights, bias };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** [rowCount, columns], row by row. */
function columns(vectors: readonly Float32Array[], rowCount: number): Float32Array {
  const result = new Float32Array(rowCount * vectors.length);
  vectors.forEach((vector, column) => {
    for (let row = 0; row < rowCount; row++) result[row * vectors.length + column] = vector[row] as number;
  });
  return result;
}
