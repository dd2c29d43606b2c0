import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { backbones } from '../../../../workers/ml/backbones/registry.ts';
import { openSession } from '../../../../workers/ml/session.ts';
import { elementTypes, readOnnx, writeOnnx } from '../../../../workers/ml/trainer/onnx-file.ts';

const file = new URL(`../../../../workers/ml/backbones/${backbones['efficientnet-lite0'].file}`, import.meta.url);

it('a file that another program wrote comes out the same once it has been read and written', async () => {
  const graph = readOnnx(readFileSync(file));
  const again = writeOnnx(graph);
  expect(Buffer.compare(writeOnnx(readOnnx(again)), again)).toBe(0);
  expect(readOnnx(again).nodes).toEqual(graph.nodes);
  expect(graph.constants.find(({ name }) => name === 'block0.depthwise.weight')).toMatchObject({
    dataType: elementTypes.FLOAT16,
    dims: [32, 1, 3, 3],
  });
  expect(graph.inputs[0]).toEqual({ name: 'image', elementType: elementTypes.FLOAT, dims: ['N', 3, 'H', 'W'] });
  const session = await openSession(again);
  expect(session.outputNames).toContain('pooled');
  await session.release();
});

it('an attribute of a type that is not read is named', () => {
  const node = { opType: 'Concat', input: ['x'], output: ['y'], attributes: { axis: 1 } };
  const bytes = Buffer.from(writeOnnx({ nodes: [node], constants: [], inputs: [], outputs: [] }));
  // The type is the last field: 2 is INT, 1 is FLOAT.
  bytes[bytes.lastIndexOf(Buffer.from([0xa0, 0x01, 2])) + 2] = 1;
  expect(() => readOnnx(bytes)).toThrow('The attribute axis of Concat is of the type 1, which is not read here.');
});
