import type { BackboneSpec } from '../backbones/registry.ts';

/** The part of a backbone that stays as it is: from the picture to the map at stride 8. */
export interface Trunk {
  spec: BackboneSpec;
  /**
   * @param input [count, 3, S, S] RGB, normalised as (x - 127) / 128, with S = `spec.inputSize`
   * @returns float16, [count, ...`spec.stride8`]
   */
  maps(input: Float32Array, count: number): Promise<Uint16Array>;
  release(): Promise<void>;
}

export declare function openTrunk(spec: BackboneSpec, opts?: { threads?: number }): Promise<Trunk>;
