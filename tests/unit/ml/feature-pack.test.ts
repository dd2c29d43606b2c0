import { expect, it } from 'vitest';
import { readFeaturePack, writeFeaturePack } from '../../../workers/ml/feature-pack.ts';

const features = [Float32Array.of(0, 1.5, -2), Float32Array.of(1e-30, 3e38, 0.1)];

it('gives back every bit, wherever the bytes lie in memory', () => {
  const pack = writeFeaturePack(features);
  const shifted = Buffer.concat([Buffer.alloc(3), pack]).subarray(3);
  expect(readFeaturePack(pack)).toEqual(features);
  expect(readFeaturePack(shifted)).toEqual(features);
  expect(readFeaturePack(writeFeaturePack([]))).toEqual([]);
});

it('is a header of two integers and little-endian float32 numbers', () => {
  const pack = writeFeaturePack(features);
  expect(pack).toHaveLength(8 + 4 * 6);
  expect([pack.readUInt32LE(0), pack.readUInt32LE(4), pack.readFloatLE(12)]).toEqual([2, 3, 1.5]);
});

it('refuses features of unequal length, and packs that were cut off or are something else', () => {
  expect(() => writeFeaturePack([Float32Array.of(1), Float32Array.of(1, 2)])).toThrow('Feature 1 has 2 numbers, not 1');
  expect(() => readFeaturePack(writeFeaturePack(features).subarray(0, 20))).toThrow('20 bytes instead of 32');
  expect(() => readFeaturePack(Buffer.alloc(4))).toThrow('only 4 bytes');
  expect(() => readFeaturePack(Buffer.from('a photograph, say'))).toThrow('instead of');
});
