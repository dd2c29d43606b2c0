import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FEATURE_LENGTH, normaliseFeature } from './features.ts';
import { minimise, type Evaluation, type MinimiseOptions } from './lbfgs.ts';

/** One tag per picture, or any number of them. */
export type ProjectKind = 'MULTICLASS' | 'MULTILABEL';

/** Rows of a training set: the views of each picture, features of length 1. */
export interface HeadRows {
  /** Views of each picture; they follow each other. */
  viewCount: number;
  rowCount: number;
  tagCount: number;
  /** [rowCount, 1280]. */
  x: Tensor;
  /** [rowCount, tagCount], 0 or 1. */
  y: Tensor;
}

/** Puts the features of all pictures in one matrix, view by view and picture by picture. */
export function headRows(features: Float32Array[], targets: number[][], tagCount: number): HeadRows {
  const length = features[0]?.length ?? FEATURE_LENGTH;
  const viewCount = length / FEATURE_LENGTH;
  const rowCount = features.length * viewCount;
  const x = new Float32Array(rowCount * FEATURE_LENGTH);
  const y = new Float32Array(rowCount * tagCount);
  features.forEach((feature, i) => {
    if (feature.length !== length) throw new RangeError(`Feature ${i} has length ${feature.length}, not ${length}.`);
    x.set(normaliseFeature(feature), i * length);
    for (const tag of targets[i] ?? [])
      for (let view = 0; view < viewCount; view++) y[(i * viewCount + view) * tagCount + tag] = 1;
  });
  return {
    viewCount,
    rowCount,
    tagCount,
    x: new Tensor('float32', x, [rowCount, FEATURE_LENGTH]),
    y: new Tensor('float32', y, [rowCount, tagCount]),
  };
}

/** Regularised loss of the linear head, computed by onnxruntime. Parameters: W [1280, tags] row by row, then b [tags]. */
export class HeadLoss {
  private readonly session: InferenceSession;
  private readonly rows: HeadRows;

  private constructor(session: InferenceSession, rows: HeadRows) {
    this.session = session;
    this.rows = rows;
  }

  static async open(kind: ProjectKind, rows: HeadRows): Promise<HeadLoss> {
    const file = kind === 'MULTICLASS' ? 'head-softmax.onnx' : 'head-sigmoid.onnx';
    // One thread: sums in another order would give other bytes.
    const session = await InferenceSession.create(fileURLToPath(new URL(file, import.meta.url)), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    });
    return new HeadLoss(session, rows);
  }

  get parameterCount(): number {
    return (FEATURE_LENGTH + 1) * this.rows.tagCount;
  }

  /**
   * Loss and gradient.
   * @param sampleWeight [rowCount], 0 leaves a row out
   * @param regularisation C; the penalty is |W|^2 / (2C)
   */
  async evaluate(parameters: Float64Array, sampleWeight: Float32Array, regularisation: number): Promise<Evaluation> {
    const { tagCount, rowCount, x, y } = this.rows;
    const weightCount = FEATURE_LENGTH * tagCount;
    const outputs = await this.session.run({
      X: x,
      Y: y,
      sampleWeight: new Tensor('float32', sampleWeight, [rowCount]),
      W: new Tensor('float32', new Float32Array(parameters.subarray(0, weightCount)), [FEATURE_LENGTH, tagCount]),
      b: new Tensor('float32', new Float32Array(parameters.subarray(weightCount)), [tagCount]),
      halfInvC: new Tensor('float32', Float32Array.of(1 / (2 * regularisation)), []),
    });
    const gradient = new Float64Array(parameters.length);
    gradient.set(outputs['gradW']?.data as Float32Array, 0);
    gradient.set(outputs['gradB']?.data as Float32Array, weightCount);
    return { value: (outputs['loss']?.data as Float64Array)[0] ?? NaN, gradient };
  }

  /** The parameters with the lowest loss, found from `start`. */
  fit(
    start: Float64Array,
    sampleWeight: Float32Array,
    regularisation: number,
    options: MinimiseOptions = {},
  ): Promise<Float64Array> {
    return minimise((parameters) => this.evaluate(parameters, sampleWeight, regularisation), start, options);
  }

  /** Logits of one picture: the mean of its views, [tags]. */
  logits(parameters: Float64Array, image: number): Float64Array {
    const { tagCount, viewCount, x } = this.rows;
    const data = x.data as Float32Array;
    const result = parameters.slice(FEATURE_LENGTH * tagCount);
    const start = image * viewCount * FEATURE_LENGTH;
    for (let d = 0; d < FEATURE_LENGTH; d++) {
      let value = 0;
      for (let view = 0; view < viewCount; view++) value += data[start + view * FEATURE_LENGTH + d] as number;
      value /= viewCount;
      if (value === 0) continue;
      for (let k = 0; k < tagCount; k++) {
        result[k] = (result[k] as number) + value * (parameters[d * tagCount + k] as number);
      }
    }
    return result;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
