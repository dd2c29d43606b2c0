import { describe, expect, it } from 'vitest';
import { isTensorFile, readTensorFile, writeTensorFile, type NamedTensor } from '../../../workers/ml/tensor-file.ts';

const a: NamedTensor = { shape: [2, 2], data: Float32Array.of(1, -2, 3.5, NaN) };
const b: NamedTensor = { shape: [], data: Float32Array.of(7) };

describe('a tensor file', () => {
  it('gives back what was written', () => {
    const bytes = writeTensorFile({ kind: 'é', list: [1, { deep: null }] }, new Map(Object.entries({ b, a })));
    const { header, tensors } = readTensorFile(bytes);
    expect(header).toEqual({ kind: 'é', list: [1, { deep: null }] });
    expect([...tensors]).toEqual([
      ['a', a],
      ['b', b],
    ]);
    expect(isTensorFile(bytes)).toBe(true);
  });

  it('has the same bytes however its parts were put together', () => {
    const one = writeTensorFile({ x: 1, y: { z: 2, w: 3 } }, new Map(Object.entries({ a, b })));
    const other = writeTensorFile({ y: { w: 3, z: 2 }, x: 1 }, new Map(Object.entries({ b, a })));
    expect(one.equals(other)).toBe(true);
  });

  it('can be read from any place in memory', () => {
    const bytes = writeTensorFile({}, new Map([['a', a]]));
    const moved = new Uint8Array(bytes.length + 1);
    moved.set(bytes, 1);
    expect(readTensorFile(moved.subarray(1)).tensors.get('a')).toEqual(a);
  });

  const whole = writeTensorFile({ x: 1 }, new Map([['a', a]]));
  const edited = (change: (bytes: Buffer) => Buffer | undefined): Buffer => {
    const copy = Buffer.from(whole);
    return change(copy) ?? copy;
  };
  const damages: [string, Buffer, string][] = [
    ['empty bytes', Buffer.alloc(0), 'it has the wrong signature'],
    ['another magic', edited((bytes) => void bytes.write('TAGLENS9')), 'it has the wrong signature'],
    ['a header without an end', edited((bytes) => void bytes.writeUInt32LE(1e6, 8)), 'its header is cut off'],
    ['a header that is no JSON', edited((bytes) => void bytes.write('x', 12)), 'its header is not a JSON object'],
    ['a missing end', edited((bytes) => bytes.subarray(0, -4)), 'the tensor a is cut off'],
    ['bytes after the end', edited((bytes) => Buffer.concat([bytes, Buffer.alloc(4)])), 'bytes instead of'],
    [
      'a side of half a row',
      edited((bytes) => void bytes.write('[0.5]', bytes.indexOf('[2,2]'))),
      'its list of tensors is wrong',
    ],
  ];
  it.each(damages)('is refused with %s', (_, bytes, reason) => {
    expect(() => readTensorFile(bytes)).toThrow(reason);
  });

  it('is not written with a tensor that does not fill its shape', () => {
    const short = { shape: [3], data: new Float32Array(2) };
    expect(() => writeTensorFile({}, new Map([['t', short]]))).toThrow(
      'The tensor t has 2 numbers; its shape [3] asks for 3.',
    );
  });
});
