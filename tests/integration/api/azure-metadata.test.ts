import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerKey, samples, startServer, type TestServer } from './setup.ts';

interface Wire {
  id: string;
  isBatchSuccessful: boolean;
  images: { imageId: string; status: string; metadata: unknown; image: { id: string; metadata: unknown } }[];
  metadata: unknown;
}

let server: TestServer;
let projectId: string;
let imageId: string;

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/customvision/v3.4-preview/training/projects${path}`, {
    method,
    headers: { 'Training-Key': ownerKey, 'content-type': 'application/json; charset=utf-8' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: (await response.json()) as Wire & Wire[] };
}

beforeAll(async () => {
  server = await startServer();
  projectId = (await ask('POST', '?name=Metadata')).body.id;
  const [sample] = await samples(1, 5);
  const images = [{ name: 'a.jpg', contents: sample?.jpeg.toString('base64') }];
  const added = await ask('POST', `/${projectId}/images/files`, { images, metadata: { camera: 'north' } });
  expect(added.body.images).toMatchObject([{ status: 'OK', image: { metadata: { camera: 'north' } } }]);
  imageId = added.body.images[0]?.image.id ?? '';
});
afterAll(() => server.close());

const set = (ids: string[], metadata: object) =>
  ask('POST', `/${projectId}/images/metadata?imageIds=${ids.join(',')}`, metadata);

describe('metadata of images in Azure’s format', () => {
  it('is added to what a picture has, and told with it, to GraphQL too', async () => {
    expect(await set([imageId.toUpperCase()], { weather: 'it’s "rain"', lens: 'x' })).toMatchObject({
      status: 200,
      body: { isBatchSuccessful: true, images: [{ imageId, status: 'OK' }] },
    });
    const metadata = { camera: 'north', weather: 'it’s "rain"', lens: 'x' };
    expect((await ask('GET', `/${projectId}/images`)).body).toMatchObject([{ id: imageId, metadata }]);
    const { image } = await server.client.request<{ image: unknown }>(
      'query ($id: ID!) { image(id: $id) { metadata { name value } } }',
      { id: imageId },
    );
    const told = Object.entries(metadata).map(([name, value]) => ({ name, value }));
    expect(image).toEqual({ metadata: expect.arrayContaining(told) as unknown });
  });

  it('says of each picture what became of it', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(await set([unknown, imageId], { weather: 'sun' })).toMatchObject({
      status: 207,
      body: { isBatchSuccessful: false, images: [{ status: 'ErrorImageNotFound' }, { status: 'OK' }] },
    });
    const many = Object.fromEntries(Array.from({ length: 48 }, (_, i) => [`key ${i}`, '']));
    const full = await set([imageId], many);
    expect(full).toMatchObject({ status: 207, body: { images: [{ status: 'ErrorLimitExceed' }] } });
    const after = await ask('GET', `/${projectId}/images`);
    expect(after.body[0]?.metadata).not.toHaveProperty('key 0');
    expect((await set([imageId], { k: 'v'.repeat(513) })).status).toBe(400);
  });
});
