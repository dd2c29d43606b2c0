import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../../../infra/storage/keys.ts';
import { startServer as startPictures, stopServers } from '../urls/local-server.ts';
import { addImages, keysBelow, makeProject, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;
let jpegs: Buffer[];

beforeAll(async () => {
  // What goes straight to and from a bucket is in direct-pictures.test.ts.
  server = await startServer({ TAGLENS_S3_DIRECT: 'false' });
  jpegs = (await samples(4, 51)).map(({ jpeg }) => jpeg);
});
afterAll(() => server.close());

const base64 = (index: number): string => (jpegs[index] ?? Buffer.alloc(0)).toString('base64');

interface Ticket {
  id: string;
  url: string;
}

async function requestUpload(projectId: string, sizeBytes: number): Promise<Ticket> {
  const query = 'mutation ($input: RequestUploadsInput!) { requestUploads(input: $input) { id url method expiresAt } }';
  const input = { projectId, files: [{ name: 'from ticket.jpg', sizeBytes }] };
  const [ticket] = (await server.client.request<{ requestUploads: Ticket[] }>(query, { input })).requestUploads;
  if (!ticket) throw new Error('No ticket came.');
  return ticket;
}

interface ListedImage {
  id: string;
  name: string;
  url: string;
  displayUrl: string;
  thumbnailUrl: string;
  tags: { name: string }[];
}

async function list(
  projectId: string,
  args = '',
): Promise<{ nodes: ListedImage[]; totalCount: number; pageInfo: { endCursor: string; hasNextPage: boolean } }> {
  const query = `query ($id: ID!) { project(id: $id) { images${args} {
    nodes { id name url displayUrl thumbnailUrl tags { name } } totalCount pageInfo { endCursor hasNextPage }
  } } }`;
  const answer = await server.client.request<{ project: { images: Awaited<ReturnType<typeof list>> } }>(query, {
    id: projectId,
  });
  return answer.project.images;
}

test('a ticket takes a file once, of the size that was announced', async () => {
  const { projectId } = await makeProject(server);
  const bytes = jpegs[0] ?? Buffer.alloc(0);
  const ticket = await requestUpload(projectId, bytes.length);
  const early = await addImages(server, { projectId, images: [{ source: { uploadId: ticket.id } }] });
  expect(early[0]?.message).toContain('has not been sent yet');
  const put = (url: string, body: Buffer) => fetch(url, { method: 'PUT', body });
  expect((await put(ticket.url, bytes.subarray(0, 10))).status).toBe(400);
  expect((await put(ticket.url, Buffer.concat([bytes, bytes]))).status).toBe(413);
  expect((await put(ticket.url.replace(/signature=.{4}/, 'signature=AAAA'), bytes)).status).toBe(403);
  expect((await put(ticket.url, bytes)).status).toBe(204);
  const [added] = await addImages(server, { projectId, images: [{ source: { uploadId: ticket.id } }] });
  expect(added?.status).toBe('OK');
  expect((await list(projectId)).nodes[0]?.name).toBe('from ticket.jpg');
  const [again] = await addImages(server, { projectId, images: [{ source: { uploadId: ticket.id } }] });
  expect(again).toMatchObject({ status: 'REFUSED', code: 'UPLOAD_EXPIRED' });
});

test('a ticket is not used up by an image that is refused for its tags', async () => {
  const { projectId, tagIds } = await makeProject(server, { tags: ['a', 'b'] });
  const bytes = jpegs[0] ?? Buffer.alloc(0);
  const { id: uploadId, url } = await requestUpload(projectId, bytes.length);
  await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  const add = async (...names: string[]) =>
    (
      await addImages(server, {
        projectId,
        images: [{ source: { uploadId }, tagIds: names.map((name) => tagIds[name]) }],
      })
    )[0];
  expect(await add('a', 'b')).toMatchObject({ status: 'REFUSED', code: 'TAG_CONFLICT' });
  expect(await add('a')).toMatchObject({ status: 'OK', code: null });
  expect(await add('a')).toMatchObject({ status: 'REFUSED', code: 'UPLOAD_EXPIRED' });
});

test('a batch keeps its good images and answers each in its place', async () => {
  const { projectId, tagIds } = await makeProject(server, { tags: ['a', 'b'], classificationType: 'MULTILABEL' });
  const images = [
    { source: { base64: base64(0) }, tagIds: [tagIds['a']] },
    { source: { base64: Buffer.from('no picture').toString('base64') } },
    { source: { base64: `data:image/jpeg;base64,${base64(1)}` } },
    { source: { base64: base64(0) }, tagIds: [tagIds['b']] },
    { source: { url: 'http://127.0.0.1:1/secret.jpg' } },
    { source: { base64: 'not base64!' } },
    { source: {} },
  ];
  const results = await addImages(server, { projectId, images });
  expect(results.map(({ status, code }) => code ?? status)).toEqual([
    'OK',
    'UNSUPPORTED_FORMAT',
    'OK',
    'DUPLICATE',
    'URL_REFUSED',
    'INVALID',
    'INVALID',
  ]);
  // The twin of the first joined its tag to it.
  expect(results[3]?.image?.id).toBe(results[0]?.image?.id);
  expect(results[3]?.image?.tags.map(({ name }) => name)).toEqual(['a', 'b']);
  expect((await list(projectId)).totalCount).toBe(2);
});

test('a batch is listed in the order in which it was sent, however long each picture took', async () => {
  const { projectId } = await makeProject(server);
  const sizes = [900, 60, 500, 40, 300, 80];
  const pictures = await Promise.all(sizes.map(async (size) => (await samples(1, size, size))[0]?.jpeg as Buffer));
  const images = pictures.map((jpeg, i) => ({ source: { base64: jpeg.toString('base64') }, name: `${i}` }));
  const ids = (await addImages(server, { projectId, images })).map(({ image }) => image?.id);
  const { nodes } = await list(projectId, '(orderBy: OLDEST)');
  expect(nodes.map(({ id }) => id)).toEqual(ids);
});

test('an unknown tag refuses the image that names it, and the request when it is for the whole batch', async () => {
  const { projectId, tagIds } = await makeProject(server, { tags: ['a'] });
  const unknown = '00000000-0000-4000-8000-000000000000';
  const images = [tagIds['a'], unknown].map((tagId, index) => ({ source: { base64: base64(index) }, tagIds: [tagId] }));
  const results = await addImages(server, { projectId, images });
  expect(results).toMatchObject([{ status: 'OK' }, { status: 'REFUSED', code: 'NOT_FOUND', image: null }]);
  expect(results[1]?.message).toContain(unknown);
  const query = 'mutation ($input: AddImagesInput!) { addImages(input: $input) { results { status } } }';
  const input = { projectId, images: [{ source: { base64: base64(2) } }], tagIds: [unknown] };
  expect((await server.send(query, { input })).errors[0]?.extensions.code).toBe('NOT_FOUND');
  const untag = 'mutation ($input: TagImagesInput!) { untagImages(input: $input) { id } }';
  const off = { imageIds: [results[0]?.image?.id], tagIds: [tagIds['a'], unknown] };
  expect((await server.send(untag, { input: off })).errors[0]?.extensions.code).toBe('NOT_FOUND');
  expect((await list(projectId)).totalCount).toBe(1);
});

test('an image of a MULTICLASS project has one tag', async () => {
  const { projectId, tagIds } = await makeProject(server, { tags: ['a', 'b'] });
  const both = [tagIds['a'], tagIds['b']];
  const [refused] = await addImages(server, { projectId, images: [{ source: { base64: base64(0) } }], tagIds: both });
  expect(refused).toMatchObject({ status: 'REFUSED', code: 'TAG_CONFLICT', image: null });
  const [added] = await addImages(server, {
    projectId,
    images: [{ source: { base64: base64(0) }, tagIds: [tagIds['a']] }],
  });
  const input = { imageIds: [added?.image?.id], tagIds: [tagIds['b']] };
  const query = 'mutation ($input: TagImagesInput!) { tagImages(input: $input) { id } }';
  expect((await server.send(query, { input })).errors[0]?.extensions.code).toBe('TAG_CONFLICT');
  const untag = { imageIds: [added?.image?.id], tagIds: [tagIds['a']] };
  await server.client.request('mutation ($input: TagImagesInput!) { untagImages(input: $input) { id } }', {
    input: untag,
  });
  expect((await server.send(query, { input })).errors).toEqual([]);
  expect((await list(projectId)).nodes[0]?.tags).toEqual([{ name: 'b' }]);
});

test('lists are filtered, ordered and paged without gaps while images come in', async () => {
  const { projectId, tagIds } = await makeProject(server, { tags: ['a', 'b'], classificationType: 'MULTILABEL' });
  const [a, b] = [tagIds['a'] ?? '', tagIds['b'] ?? ''];
  const tagged = [[a], [b], [a, b], []];
  const add = (index: number, tags: string[]) =>
    addImages(server, {
      projectId,
      images: [{ source: { base64: base64(index) }, name: `p${index}.jpg`, tagIds: tags }],
    });
  for (let index = 0; index < 8; index++) await add(index, tagged[index % 4] ?? []);
  const count = async (filter: string): Promise<number> =>
    (await list(projectId, `(filter: { ${filter} })`)).totalCount;
  expect(await count('isTagged: true')).toBe(6);
  expect(await count('isTagged: false')).toBe(2);
  expect(await count(`tagIds: ["${a}", "${b}"]`)).toBe(6);
  expect(await count(`tagIds: ["${a}", "${b}"], tagMatch: ALL`)).toBe(2);
  expect(await count('search: "P3"')).toBe(1);
  const first = await list(projectId, '(first: 3)');
  expect(first.nodes.map(({ name }) => name)).toEqual(['p7.jpg', 'p6.jpg', 'p5.jpg']);
  await add(9, []);
  const second = await list(projectId, `(first: 3, after: "${first.pageInfo.endCursor}")`);
  expect(second.nodes.map(({ name }) => name)).toEqual(['p4.jpg', 'p3.jpg', 'p2.jpg']);
  const rest = await list(projectId, `(first: 3, after: "${second.pageInfo.endCursor}")`);
  expect([rest.nodes.map(({ name }) => name), rest.pageInfo.hasNextPage]).toEqual([['p1.jpg', 'p0.jpg'], false]);
  const oldest = await list(projectId, '(first: 1, orderBy: OLDEST)');
  expect(oldest.nodes[0]?.name).toBe('p0.jpg');
});

test('pictures are served in three sizes by signed addresses with safe headers', async () => {
  const { projectId } = await makeProject(server);
  await addImages(server, { projectId, images: [{ source: { base64: base64(2) } }] });
  const [image] = (await list(projectId)).nodes;
  for (const url of [image?.url ?? '', image?.displayUrl ?? '', image?.thumbnailUrl ?? '', image?.thumbnailUrl ?? '']) {
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(500);
  }
  const original = Buffer.from(await (await fetch(image?.url ?? '')).arrayBuffer());
  expect(original.equals(jpegs[2] ?? Buffer.alloc(0))).toBe(true);
  const forged = (image?.url ?? '').replace(/expires=\d+/, `expires=${Date.now() + 9e9}`);
  expect((await fetch(forged)).status).toBe(403);
  expect((await fetch((image?.url ?? '').replace('original', 'display'))).status).toBe(403);
});

test('deleting images and projects removes their objects', async () => {
  const { projectId } = await makeProject(server);
  const results = await addImages(server, {
    projectId,
    images: [0, 1].map((i) => ({ source: { base64: base64(i) } })),
  });
  expect(await keysBelow(server.storage, keys.project(projectId))).toHaveLength(2);
  const input = { imageIds: [results[0]?.image?.id] };
  const answer = await server.client.request('mutation ($input: DeleteImagesInput!) { deleteImages(input: $input) }', {
    input,
  });
  expect(answer).toEqual({ deleteImages: 1 });
  const left = results[1]?.image?.id ?? '';
  expect(await keysBelow(server.storage, keys.project(projectId))).toEqual([keys.imageOriginal(projectId, left)]);
  await server.client.request('mutation ($id: ID!) { deleteProject(id: $id) }', { id: projectId });
  expect(await keysBelow(server.storage, keys.project(projectId))).toEqual([]);
  expect((await server.send('query ($id: ID!) { project(id: $id) { id } }', { id: projectId })).data).toEqual({
    project: null,
  });
});

test('reads the pictures of a batch a few at a time, so that memory never holds all of them', async () => {
  let [open, most] = [0, 0];
  const port = await startPictures((request, response) => {
    most = Math.max(most, ++open);
    // Bytes after the end of a JPEG make it another file.
    const bytes = Buffer.concat([jpegs[0] ?? Buffer.alloc(0), Buffer.from(request.url ?? '')]);
    setTimeout(() => response.end(bytes, () => open--), 50);
  });
  const reader = await startServer({ TAGLENS_URL_ALLOW: '127.0.0.1' });
  const { projectId } = await makeProject(reader);
  const images = Array.from({ length: 40 }, (_, i) => ({ source: { url: `http://127.0.0.1:${port}/${i}.jpg` } }));
  const results = await addImages(reader, { projectId, images });
  await reader.close();
  await stopServers();
  expect(results.map(({ status }) => status)).toEqual(images.map(() => 'OK'));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});
