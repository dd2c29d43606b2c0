import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { FEATURE_LENGTH, normaliseFeature } from './features.ts';
import { minimise, type Evaluation } from './lbfgs.ts';

/** One tag per picture, or any number of them. */
export type ProjectKind = 'MULTICLASS' | 'MULTILABEL';

/** Rows of a training set: two views of each picture, features of length 1. */
export interface HeadRows {
  rowCount: number;
  tagCount: number;
  /** [rowCount, 1280]. */
  x: Tensor;
  /** [rowCount, tagCount], 0 or 1. */
  y: Tensor;
}

/** Puts the features of all pictures in one matrix; row 2i and 2i+1 are the views of picture i. */
export function headRows(features: Float32Array[], targets: number[][], tagCount: number): HeadRows {
  const rowCount = features.length * 2;
  const x = new Float32Array(rowCount * FEATURE_LENGTH);
  const y = new Float32Array(rowCount * tagCount);
  features.forEach((feature, i) => {
    if (feature.length !== 2 * FEATURE_LENGTH) throw new RangeError(`Feature ${i} has length ${feature.length}.`);
    x.set(normaliseFeature(feature), 2 * i * FEATURE_LENGTH);
    for (const tag of targets[i] ?? []) {
      y[2 * i * tagCount + tag] = 1;
      y[(2 * i + 1) * tagCount + tag] = 1;
    }
  });
  return {
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
      W: new Tensor('float32', Float32Array.from(parameters.subarray(0, weightCount)), [FEATURE_LENGTH, tagCount]),
      b: new Tensor('float32', Float32Array.from(parameters.subarray(weightCount)), [tagCount]),
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
    signal: AbortSignal | undefined,
  ): Promise<Float64Array> {
    const options = signal ? { signal } : {};
    return minimise((parameters) => this.evaluate(parameters, sampleWeight, regularisation), start, options);
  }

  /** Logits of one picture: the mean of its two views, [tags]. */
  logits(parameters: Float64Array, image: number): Float64Array {
    const { tagCount, x } = this.rows;
    const data = x.data as Float32Array;
    const result = parameters.slice(FEATURE_LENGTH * tagCount);
    const at = 2 * image * FEATURE_LENGTH;
    for (let d = 0; d < FEATURE_LENGTH; d++) {
      const value = ((data[at + d] as number) + (data[at + FEATURE_LENGTH + d] as number)) / 2;
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
