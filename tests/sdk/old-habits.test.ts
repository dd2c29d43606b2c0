import { afterAll, beforeAll, expect, it } from 'vitest';
import { ownerKey, samples, startServer, type TestServer } from '../integration/api/setup.ts';
import type { Wire } from './client.ts';
import { newestClient } from './javascript-client.ts';
import { showPicture } from './world.ts';

/** What programs written against Azure do besides what its packages do: each was seen in somebody's code. */
let server: TestServer;
let picture: Awaited<ReturnType<typeof showPicture>>;
let photos: Buffer[];
let project: string;
let tag: Wire;
beforeAll(async () => {
  server = await startServer({ TAGLENS_URL_ALLOW: '127.0.0.1' });
  photos = (await samples(2, 5)).map(({ jpeg }) => jpeg);
  picture = await showPicture(photos.at(-1) ?? Buffer.alloc(0));
  const client = newestClient(server.url, ownerKey);
  const { id: projectId } = await client.call('createProject', { name: 'Old habits' });
  project = `v3.3/Training/projects/${projectId}`;
  tag = await client.call('createTag', { projectId, name: 'sign', description: 'of a road' });
});
afterAll(async () => {
  await picture.close();
  await server.close();
});

const labelled = (type: string): Record<string, string> => ({ 'content-type': type });

async function ask(
  method: string,
  path: string,
  body?: string | FormData | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${server.url}/customvision/${project}${path}`, {
    method,
    headers: { 'Training-key': ownerKey, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, body: (await response.json()) as Wire & Wire[] };
}

const bytesOf = (index: number): Uint8Array<ArrayBuffer> => new Uint8Array(photos[index] ?? []);

it('takes the bytes alone, whatever they are called', async () => {
  for (const [index, type] of ['application/octet-stream', 'multipart/form-data', 'image/jpeg'].entries()) {
    const { status, body } = await ask('POST', '/images?tagIds=', bytesOf(index), labelled(type));
    expect({ status, upload: body.images[0]?.status }).toEqual({ status: 200, upload: 'OK' });
  }
});

it('takes parts by any name, in the order in which they come', async () => {
  const form = new FormData();
  form.append('files[0]', new Blob([bytesOf(3)]), 'first.jpg');
  form.append('0', new Blob([bytesOf(4)]), 'second.jpg');
  const { status, body } = await ask('POST', `/images?tagIds=${tag.id}`, form);
  expect(status).toBe(200);
  expect(body.images.map(({ sourceUrl }) => sourceUrl)).toEqual(['"first.jpg"', '"second.jpg"']);
});

it('takes a picture that travels as a form field, without a file name and a type', async () => {
  const [start, end] = ['--b\r\ncontent-disposition: form-data; name="imageData"\r\n\r\n', '\r\n--b--\r\n'];
  const body = new Uint8Array(Buffer.concat([Buffer.from(start), bytesOf(5), Buffer.from(end)]));
  const answer = await ask('POST', '/images', body, labelled('multipart/form-data; boundary=b'));
  expect(answer).toMatchObject({ status: 200, body: { images: [{ status: 'OK' }] } });
});

it('understands names of properties and values of enumerations in any letter case', async () => {
  const batch = JSON.stringify({ Images: [{ Url: picture.url, TagIds: [tag.id.toUpperCase()] }] });
  expect((await ask('POST', '/images/urls', batch, labelled('application/json'))).status).toBe(200);
  const oldest = await ask('GET', '/images/tagged?orderby=oldest&take=50&skip=0');
  const newest = await ask('GET', '/images/tagged?OrderBy=NEWEST');
  expect(oldest.body.length).toBeGreaterThan(2);
  expect(newest.body.map(({ id }) => id)).toEqual(oldest.body.map(({ id }) => id).reverse());
});

it('reads lists with commas that are percent-encoded, and empty ones', async () => {
  const ids = (await ask('GET', '/images/tagged')).body.map(({ id }) => id);
  expect((await ask('GET', `/images/id?imageIds=${ids.join('%2C')}`)).body).toHaveLength(ids.length);
  expect((await ask('GET', '/images/tagged?tagIds=')).body).toHaveLength(ids.length);
});

it('takes whole objects back, with what is only told', async () => {
  const before = (await ask('GET', '')).body;
  const changed = await ask(
    'PATCH',
    '',
    JSON.stringify({ ...before, name: 'New habits' }),
    labelled('application/json'),
  );
  expect(changed).toMatchObject({ status: 200, body: { id: before.id, name: 'New habits' } });
  const renamed = await ask('PATCH', `/tags/${tag.id}`, JSON.stringify({ ...tag, name: 'road sign' }));
  expect(renamed).toMatchObject({ status: 200, body: { id: tag.id, name: 'road sign', type: 'Regular' } });
});
