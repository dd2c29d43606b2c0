import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { predictAll, uploadPhotos } from '../../../cli/demo-steps.ts';
import { makeProject, samples, startServer, type TestServer } from './setup.ts';

const [trainingBytes, predictionBytes] = [20_000, 10_000];
let server: TestServer;
let jpeg: Buffer;

beforeAll(async () => {
  server = await startServer({
    TAGLENS_MAX_TRAINING_IMAGE_BYTES: `${trainingBytes}`,
    TAGLENS_MAX_PREDICTION_IMAGE_BYTES: `${predictionBytes}`,
  });
  jpeg = (await samples(1, 8, 64))[0]?.jpeg ?? Buffer.alloc(0);
});
afterAll(() => server.close());

/** The same picture in a file of this size: what comes after the end of a JPEG is no part of it. */
const photo = (name: string, sizeBytes: number) => {
  const bytes = sizeBytes === 0 ? Buffer.alloc(0) : Buffer.concat([jpeg, randomBytes(sizeBytes - jpeg.length)]);
  return { name, title: name, read: () => Promise.resolve(bytes), labels: {} };
};

async function toldBy(work: () => Promise<unknown>): Promise<string[]> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await work();
    return log.mock.calls.map(([line]) => String(line)).filter((line) => line.startsWith('  not'));
  } finally {
    log.mockRestore();
  }
}

test('the demo leaves out photographs of a wrong size, tells which, and adds the others', async () => {
  const { projectId } = await makeProject(server);
  const photos = [
    photo('good', 5_000),
    photo('large', trainingBytes + 1),
    photo('empty', 0),
    photo('full', trainingBytes),
  ];
  expect(await toldBy(() => uploadPhotos(server.client, projectId, photos))).toEqual([
    '  not added: large: it has 20001 bytes; an image may have 1 to 20000',
    '  not added: empty: it has 0 bytes; an image may have 1 to 20000',
  ]);
  const query = 'query ($id: ID!) { project(id: $id) { images { nodes { name } } } }';
  const { data } = await server.send(query, { id: projectId });
  expect(data).toEqual({ project: { images: { nodes: [{ name: 'full' }, { name: 'good' }] } } });
  await expect(toldBy(() => uploadPhotos(server.client, projectId, photos.slice(1, 3)))).rejects.toThrow(
    'Every image was refused',
  );
});

test('the demo goes on after a photograph that is too large to be predicted', async () => {
  const { projectId } = await makeProject(server);
  const photos = [photo('large', predictionBytes + 1), photo('larger', 20 * predictionBytes)];
  expect(await toldBy(() => predictAll(server.client, projectId, 'demo', photos))).toMatchObject([
    '  not predicted: large: The image has 10001 bytes; the limit is 10000.',
    expect.stringContaining('  not predicted: larger: ') as string,
  ]);
  // What is not the photograph's fault ends it.
  await expect(predictAll(server.client, projectId, 'demo', [photo('good', 5_000)])).rejects.toThrow('demo');
});
