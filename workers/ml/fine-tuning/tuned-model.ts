import type { Backbone } from '../backbones/backbone.ts';
import type { BackboneName } from '../backbones/registry.ts';
import type { Trunk } from './trunk.ts';

/** What fine-tuning made: the tail of the backbone, and a linear head on its raw pooled feature. */
export interface TunedWeights {
  backbone: BackboneName;
  /** Convolutions from stride 8 on by name (`block5.expand.weight`, …), nothing left to be folded. */
  tail: Map<string, Float32Array>;
  /** [tagCount * 1280]. */
  weights: Float32Array;
  /** [tagCount]. */
  bias: Float32Array;
}

/** An opened tail: from maps at stride 8 to the pooled feature. */
export interface Tail {
  /** @param maps float16, [count, ...`spec.stride8`]; @returns [count * 1280] */
  pooled(maps: Uint16Array, count: number): Promise<Float32Array>;
  release(): Promise<void>;
}

export declare function openTail(
  tuned: Pick<TunedWeights, 'backbone' | 'tail'>,
  opts?: { threads?: number },
): Promise<Tail>;

/** Trunk and tail as one backbone, for predictions: what it computes is what the training judged. */
export declare function tunedBackbone(trunk: Trunk, tail: Tail): Backbone;

/** Logits of pictures by their packs, before the temperature: the mean of the plain views, [tagCount] each. */
export declare function tunedLogits(
  tail: Tail,
  tuned: TunedWeights,
  packs: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Float64Array[]>;
