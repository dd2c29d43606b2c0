import { Tensor } from 'onnxruntime-node';
import type { BackboneSpec } from '../backbones/registry.ts';
import { toFloat16 } from '../float16.ts';
import { floats, openSession } from '../session.ts';
import { backboneGraph } from '../backbones/backbone-graph.ts';

/** The part of a backbone that stays as it is: from the picture to the map at stride 8. */
export interface Trunk {
  spec: BackboneSpec;
  /**
   * @param input [count, 3, side, side] RGB, normalised as (x - 127) / 128
   * @param side pixels, default `spec.inputSize`; Lite0 takes any multiple of 32, others know only their own
   * @returns float16, [count, channels, side / 8, side / 8]; [count, ...`spec.stride8`] by default
   */
  maps(input: Float32Array, count: number, side?: number): Promise<Uint16Array>;
  release(): Promise<void>;
}

/** @param opts.threads intra-op threads of one call (default 1) */
export async function openTrunk(spec: BackboneSpec, opts: { threads?: number } = {}): Promise<Trunk> {
  const session = await openSession((await backboneGraph(spec)).trunk, opts.threads);
  // One by one: so the bytes of a map cannot depend on its neighbours in a batch.
  const maps = async (input: Float32Array, count: number, side = spec.inputSize): Promise<Uint16Array> => {
    const [channels] = spec.stride8;
    const [inputLength, mapLength] = [3 * side * side, channels * Math.ceil(side / 8) ** 2];
    if (input.length !== count * inputLength) throw new RangeError(`The input is not ${count} images of ${side} px.`);
    const result = new Uint16Array(count * mapLength);
    for (let i = 0; i < count; i++) {
      const image = new Tensor('float32', input.subarray(i * inputLength, (i + 1) * inputLength), [1, 3, side, side]);
      const outputs = await session.run({ image });
      result.set(toFloat16(floats(outputs['stride8'])), i * mapLength);
    }
    return result;
  };
  return { spec, maps, release: () => session.release() };
}
