import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { floats, openSession } from '../session.ts';
import type { BackboneSpec } from './registry.ts';

/** Pooled features together with the feature map they are the mean of. */
export interface PooledWithMap {
  /** [count * 1280]. */
  pooled: Float32Array;
  /** [count, 1280, side, side], after the last ReLU6. */
  map: Float32Array;
  side: number;
}

/** Outputs of a backbone that keep the place: block outputs at strides 8, 16 and 32, and the map before pooling. */
export type MapName = 'stride8' | 'stride16' | 'stride32' | 'headmap';

/** An opened feature extractor. */
export interface Backbone {
  spec: BackboneSpec;
  /**
   * @param input [count, 3, S, S] RGB, normalised as (x - 127) / 128, with S = `spec.inputSize`
   * @returns [count * 1280], every value >= 0
   */
  pooled(input: Float32Array, count: number): Promise<Float32Array>;
  /** The same, with the map before pooling (for heat maps). */
  pooledWithMap(input: Float32Array, count: number): Promise<PooledWithMap>;
  /**
   * Maps of one picture of any side that is a multiple of 32 (Lite0; others know only their own side).
   * @param input [3, side, side]
   * @returns [channels, side / stride, side / stride] each
   */
  maps<K extends MapName>(input: Float32Array, side: number, wanted: readonly K[]): Promise<Record<K, Float32Array>>;
  release(): Promise<void>;
}

/**
 * Opens a backbone after checking the SHA-256 of its file.
 * @param opts.threads intra-op threads of one call (default 1)
 */
export async function openBackbone(spec: BackboneSpec, opts: { threads?: number } = {}): Promise<Backbone> {
  return new OnnxBackbone(spec, await openSession(await readBackbone(spec), opts.threads));
}

/** The file of a backbone, with the SHA-256 that it must have. */
export async function readBackbone(spec: BackboneSpec): Promise<Uint8Array> {
  const bytes = await readFile(new URL(spec.file, import.meta.url));
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== spec.sha256) {
    throw new Error(`The weights ${spec.file} are damaged: SHA-256 is ${actual}, expected ${spec.sha256}.`);
  }
  return bytes;
}

class OnnxBackbone implements Backbone {
  readonly spec: BackboneSpec;
  private readonly session: InferenceSession;

  constructor(spec: BackboneSpec, session: InferenceSession) {
    this.spec = spec;
    this.session = session;
  }

  async pooled(input: Float32Array, count: number): Promise<Float32Array> {
    const pooled = new Float32Array(count * this.spec.featureLength);
    for (let i = 0; i < count; i++) {
      const outputs = await this.runOne(input, i, ['pooled']);
      pooled.set(floats(outputs['pooled']), i * this.spec.featureLength);
    }
    return pooled;
  }

  async pooledWithMap(input: Float32Array, count: number): Promise<PooledWithMap> {
    const pooled = new Float32Array(count * this.spec.featureLength);
    let map = new Float32Array(0);
    let side = 0;
    for (let i = 0; i < count; i++) {
      const outputs = await this.runOne(input, i, ['pooled', 'headmap']);
      const part = floats(outputs['headmap']);
      if (i === 0) {
        side = outputs['headmap']?.dims[2] ?? 0;
        map = new Float32Array(count * part.length);
      }
      pooled.set(floats(outputs['pooled']), i * this.spec.featureLength);
      map.set(part, i * part.length);
    }
    return { pooled, map, side };
  }

  async maps<K extends MapName>(
    input: Float32Array,
    side: number,
    wanted: readonly K[],
  ): Promise<Record<K, Float32Array>> {
    if (input.length !== 3 * side * side) throw new RangeError(`The input is not an image of ${side} px.`);
    const outputs = await this.session.run({ image: new Tensor('float32', input, [1, 3, side, side]) }, wanted);
    return Object.fromEntries(wanted.map((name) => [name, floats(outputs[name])])) as Record<K, Float32Array>;
  }

  release(): Promise<void> {
    return this.session.release();
  }

  /** Pictures go through one by one: so the bytes of a feature cannot depend on its neighbours in a batch. */
  private runOne(input: Float32Array, index: number, wanted: string[]): Promise<InferenceSession.OnnxValueMapType> {
    const side = this.spec.inputSize;
    const length = 3 * side * side;
    const part = input.subarray(index * length, (index + 1) * length);
    if (part.length !== length) throw new RangeError(`The input is shorter than ${index + 1} images of ${side} px.`);
    return this.session.run({ image: new Tensor('float32', part, [1, 3, side, side]) }, wanted);
  }
}
