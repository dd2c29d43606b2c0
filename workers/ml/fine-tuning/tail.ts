import type { InferenceSession } from 'onnxruntime-node';
import type { PooledWithMap } from '../backbones/backbone.ts';
import type { BackboneSpec } from '../backbones/registry.ts';
import type { FeatureExtractor } from '../features.ts';
import { floats, halvesTensor, openSession } from '../session.ts';
import { inferenceModel } from '../trainer/inference-model.ts';
import type { Weights } from '../trainer/network.ts';
import { backboneGraph } from '../backbones/backbone-graph.ts';
import { inferenceNetwork } from './tail-network.ts';
import type { Trunk } from './trunk.ts';

/** An opened tail of a backbone: from maps at stride 8 to the pooled feature. */
export interface Tail {
  /** @param maps float16, [count, ...`spec.stride8`]; @returns [count * 1280] */
  pooled(maps: Uint16Array, count: number): Promise<Float32Array>;
  pooledWithMap(maps: Uint16Array, count: number): Promise<PooledWithMap>;
  release(): Promise<void>;
}

/** Measured: the runtime keeps the weights as its convolutions want them, some twice, and memory for the maps between. */
export const memoryPerTailByte = 1.5;

/** @param weights by the names of the backbone's file, as `TunedWeights.tail` has them */
export async function openTail(
  spec: BackboneSpec,
  weights: Weights,
  { threads }: { threads?: number } = {},
): Promise<Tail> {
  const network = inferenceNetwork(await backboneGraph(spec));
  return new OnnxTail(spec, await openSession(inferenceModel(network, weights), threads));
}

class OnnxTail implements Tail {
  constructor(
    private readonly spec: BackboneSpec,
    private readonly session: InferenceSession,
  ) {}

  async pooled(maps: Uint16Array, count: number): Promise<Float32Array> {
    const pooled = new Float32Array(count * this.spec.featureLength);
    for (let i = 0; i < count; i++) {
      const outputs = await this.runOne(maps, i, count, ['pooled']);
      pooled.set(floats(outputs['pooled']), i * this.spec.featureLength);
    }
    return pooled;
  }

  async pooledWithMap(maps: Uint16Array, count: number): Promise<PooledWithMap> {
    const pooled = new Float32Array(count * this.spec.featureLength);
    const parts: Float32Array[] = [];
    for (let i = 0; i < count; i++) {
      const outputs = await this.runOne(maps, i, count, ['pooled', 'headmap']);
      pooled.set(floats(outputs['pooled']), i * this.spec.featureLength);
      parts.push(floats(outputs['headmap']));
    }
    const length = parts[0]?.length ?? 0;
    const map = new Float32Array(count * length);
    parts.forEach((part, i) => map.set(part, i * length));
    return { pooled, map, side: Math.sqrt(length / this.spec.featureLength) };
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private runOne(
    maps: Uint16Array,
    index: number,
    count: number,
    wanted: string[],
  ): Promise<InferenceSession.OnnxValueMapType> {
    const length = maps.length / count;
    const part = maps.subarray(index * length, (index + 1) * length);
    return this.session.run({ map: halvesTensor(part, [1, ...this.spec.stride8]) }, wanted);
  }
}

/** Trunk and tail as one backbone, for predictions: they compute what the training judged. */
export function tunedBackbone(trunk: Trunk, tail: Tail): FeatureExtractor {
  return {
    spec: trunk.spec,
    pooled: async (input, count) => tail.pooled(await trunk.maps(input, count), count),
    pooledWithMap: async (input, count) => tail.pooledWithMap(await trunk.maps(input, count), count),
  };
}
