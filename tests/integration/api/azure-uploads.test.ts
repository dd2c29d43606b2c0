import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer as startWebServer, stopServers } from '../urls/local-server.ts';
import { keysBelow, makeProject, ownerKey, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;
let pictures: Buffer[];
beforeAll(async () => {
  const limits = { TAGLENS_MAX_TAGS_PER_IMAGE: '3', TAGLENS_MAX_REGIONS_PER_IMAGE: '4' };
  server = await startServer({ ...limits, TAGLENS_URL_ALLOW: '127.0.0.1' });
  pictures = (await samples(2, 11)).map(({ jpeg }) => jpeg);
});
afterAll(async () => {
  await server.close();
  await stopServers();
});

interface Summary {
  code?: string;
  isBatchSuccessful: boolean;
  images: { sourceUrl: string; status: string; image?: { id: string; tags: { tagName: string }[] } }[];
}

async function upload(
  path: string,
  body: NonNullable<RequestInit['body']>,
  type?: string,
  idempotencyKey?: string,
): Promise<{ status: number; body: Summary }> {
  const response = await fetch(`${server.url}/customvision/${path}`, {
    method: 'POST',
    headers: {
      'Training-Key': ownerKey,
      ...(type ? { 'content-type': type } : {}),
      ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
    },
    body,
    duplex: 'half',
  });
  return { status: response.status, body: (await response.json()) as Summary };
}

const imagesOf = (projectId: string, version = 'v3.4-preview') => `${version}/training/projects/${projectId}/images`;
const picture = (at: number): Buffer => pictures[at] as Buffer;
/** Bytes after the end of a JPEG are no part of the picture, but they make it another file. */
const another = (sizeBytes = 16): Buffer => Buffer.concat([picture(0), randomBytes(sizeBytes)]);

function form(files: Record<string, Buffer>): FormData {
  const body = new FormData();
  for (const [name, bytes] of Object.entries(files))
    body.append(name, new Blob([new Uint8Array(bytes)]), `${name}.jpg`);
  return body;
}

async function makeNegative(projectId: string): Promise<{ id: string }> {
  const query = 'mutation ($input: CreateTagInput!) { createTag(input: $input) { id } }';
  const input = { projectId, name: 'nothing', type: 'NEGATIVE' };
  return (await server.client.request<{ createTag: { id: string } }>(query, { input })).createTag;
}

const statusesOf = ({ images }: Summary) => images.map(({ status }) => status);

describe('uploads by Azure’s operations', () => {
  it('keeps the good ones of a batch and says what is wrong with each other', async () => {
    const { projectId } = await makeProject(server);
    const files = { a: picture(0), b: Buffer.from('no picture'), 'files[2]': picture(1), d: picture(0) };
    const { status, body } = await upload(imagesOf(projectId), form(files));
    expect(status).toBe(207);
    expect(body.isBatchSuccessful).toBe(false);
    expect(statusesOf(body)).toEqual(['OK', 'ErrorImageFormat', 'OK', 'OKDuplicate']);
    expect(body.images.map(({ image }) => typeof image?.id)).toEqual(['string', 'undefined', 'string', 'string']);
    expect(body.images[3]?.image?.id).toBe(body.images[0]?.image?.id);
    expect((await upload(imagesOf(projectId, 'v3.0'), form(files))).status).toBe(200);
  });

  it('gives a picture that is there already the tags that it lacks', async () => {
    const { projectId, tagIds } = await makeProject(server, { classificationType: 'MULTILABEL', tags: ['one', 'two'] });
    const path = imagesOf(projectId);
    const bytes = new Uint8Array(picture(0));
    const first = await upload(`${path}?tagIds=${tagIds['one']}`, bytes, 'application/octet-stream');
    expect(first).toMatchObject({ status: 200, body: { isBatchSuccessful: true } });
    const again = await upload(`${path}?tagIds=${tagIds['two']}`, bytes, 'application/octet-stream');
    expect(again.status).toBe(207);
    expect(statusesOf(again.body)).toEqual(['OKDuplicate']);
    expect(again.body.images[0]?.image?.tags.map(({ tagName }) => tagName).sort()).toEqual(['one', 'two']);
  });

  it('answers a repeated request as the first time, and refuses other pictures under its key', async () => {
    const { projectId } = await makeProject(server);
    const before = await keysBelow(server.storage, 'uploads/');
    const batch = (bytes: Buffer) =>
      JSON.stringify({ images: [{ name: 'a.jpg', contents: bytes.toString('base64') }] });
    const bytes = (at: number) => new Uint8Array(picture(at));
    const path = imagesOf(projectId);
    const sends: [string, (at: number) => ReturnType<typeof upload>][] = [
      ['data', (at) => upload(path, bytes(at), 'application/octet-stream', 'key of data')],
      ['files', (at) => upload(`${path}/files`, batch(picture(at)), 'application/json', 'key of files')],
    ];
    for (const [name, send] of sends) {
      const [first, again, other] = [await send(0), await send(0), await send(1)];
      expect([name, again]).toEqual([name, first]);
      expect([name, other.status, other.body.code]).toEqual([name, 422, expect.any(String)]);
    }
    expect(await keysBelow(server.storage, 'uploads/')).toEqual(before);
  });

  it('refuses of a batch only the pictures with a tag that the project does not have', async () => {
    const { projectId, tagIds } = await makeProject(server, { classificationType: 'MULTILABEL', tags: ['one'] });
    const unknown = '00000000-0000-4000-8000-000000000000';
    const images = [0, 1].map((at) => ({
      name: `${at}.jpg`,
      contents: picture(at).toString('base64'),
      tagIds: at === 0 ? [tagIds['one']] : [unknown],
    }));
    const send = (batch: object) => upload(`${imagesOf(projectId)}/files`, JSON.stringify(batch), 'application/json');
    const mixed = await send({ images });
    expect(mixed.status).toBe(207);
    expect(statusesOf(mixed.body)).toEqual(['OK', 'ErrorInvalidTag']);
    const ofAll = await upload(`${imagesOf(projectId)}?tagIds=${unknown}`, form({ a: picture(0), b: picture(1) }));
    expect(ofAll.status).toBe(207);
    expect(statusesOf(ofAll.body)).toEqual(['ErrorInvalidTag', 'ErrorInvalidTag']);
  });

  it('says which limit a picture went beyond, and when it is the only tag of a Multiclass project', async () => {
    const send = async (projectId: string, labels: object) => {
      const images = [{ name: 'a.jpg', contents: picture(0).toString('base64'), ...labels }];
      return (await upload(`${imagesOf(projectId)}/files`, JSON.stringify({ images }), 'application/json')).body;
    };
    const single = await makeProject(server, { classificationType: 'MULTICLASS', tags: ['one', 'two'] });
    const both = { tagIds: Object.values(single.tagIds) };
    expect(statusesOf(await send(single.projectId, both))).toEqual(['ErrorTagLimitExceed']);
    const { id: none } = await makeNegative(single.projectId);
    const contrary = { tagIds: [single.tagIds['one'], none] };
    expect(statusesOf(await send(single.projectId, contrary))).toEqual(['ErrorNegativeAndRegularTagOnSameImage']);
    const many = await makeProject(server, { classificationType: 'MULTILABEL', tags: ['one', 'two', 'three', 'four'] });
    expect(statusesOf(await send(many.projectId, { tagIds: Object.values(many.tagIds) }))).toEqual([
      'ErrorTagLimitExceed',
    ]);
    const boxes = await makeProject(server, { kind: 'DETECTION', tags: ['one'] });
    const box = { tagId: boxes.tagIds['one'], top: 0, width: 0.5, height: 0.5 };
    const regions = Array.from({ length: 5 }, (_, i) => ({ ...box, left: i / 10 }));
    expect(statusesOf(await send(boxes.projectId, { regions }))).toEqual(['ErrorRegionLimitExceed']);
    expect(statusesOf(await send(boxes.projectId, { regions: regions.slice(1) }))).toEqual(['OK']);
  });

  it('takes a tag beside the regions that carry it, and says when no region does', async () => {
    const { projectId, tagIds } = await makeProject(server, { kind: 'DETECTION', tags: ['one', 'two'] });
    const { one, two } = tagIds;
    const regions = [{ tagId: one, left: 0, top: 0, width: 0.5, height: 0.5 }];
    const contents = [another(), another(), another()].map((bytes) => bytes.toString('base64'));
    const [a, b, c] = contents;
    const images = [
      { contents: a, tagIds: [one?.toUpperCase()], regions },
      { contents: b, tagIds: [one, two], regions },
      { contents: c },
    ];
    const send = (batch: object) => upload(`${imagesOf(projectId)}/files`, JSON.stringify(batch), 'application/json');
    const { body } = await send({ images });
    expect(statusesOf(body)).toEqual(['OK', 'ErrorInvalidTag', 'OK']);
    expect(body.images[0]?.image?.tags).toMatchObject([{ tagName: 'one' }]);
    const ofAll = await send({ images: [{ contents: b, regions }, { contents: c }], tagIds: [one] });
    expect(statusesOf(ofAll.body)).toEqual(['OK', 'ErrorInvalidTag']);
  });

  it('cuts a name that is too long, and tells it as it came', async () => {
    const { projectId } = await makeProject(server);
    const name = `${'🙂'.repeat(300)}.jpg`;
    const images = [{ name, contents: picture(0).toString('base64') }];
    const answer = await upload(`${imagesOf(projectId)}/files`, JSON.stringify({ images }), 'application/json');
    expect(answer).toMatchObject({ status: 200, body: { images: [{ sourceUrl: name, status: 'OK' }] } });
    const { image } = await server.client.request<{ image: { name: string } }>(
      'query ($id: ID!) { image(id: $id) { name } }',
      { id: answer.body.images[0]?.image?.id },
    );
    expect(image.name).toBe('🙂'.repeat(255));
    const port = await startWebServer((_request, response) => void response.end(picture(1)));
    const urls = [`http://127.0.0.1:${port}/pictures/${'x'.repeat(300)}.jpg?a=b`, 'nowhere'];
    const byUrl = { images: urls.map((url) => ({ url })) };
    const fetched = await upload(`${imagesOf(projectId)}/urls`, JSON.stringify(byUrl), 'application/json');
    expect(statusesOf(fetched.body)).toEqual(['OK', 'ErrorSource']);
  });

  it('shows the first picture of a project with it, and none while there is none', async () => {
    const { projectId } = await makeProject(server);
    const shown = async (): Promise<string | null> => {
      const path = `v3.4-preview/training/projects/${projectId}`;
      const answer = await fetch(`${server.url}/customvision/${path}`, { headers: { 'Training-Key': ownerKey } });
      return ((await answer.json()) as { thumbnailUri: string | null }).thumbnailUri;
    };
    expect(await shown()).toBeNull();
    const first = await upload(imagesOf(projectId), form({ a: picture(0) }));
    await upload(imagesOf(projectId), form({ b: picture(1) }));
    const uri = (await shown()) ?? '';
    expect(uri).toContain(first.body.images[0]?.image?.id);
    expect((await fetch(uri)).headers.get('content-type')).toBe('image/jpeg');
  });

  it('loses none of 64 uploads at once, of which each is one file', async () => {
    const { projectId, tagIds } = await makeProject(server, { tags: ['one'] });
    const path = `${imagesOf(projectId)}?tagIds=${tagIds['one']}`;
    const answers = await Promise.all(Array.from({ length: 64 }, () => upload(path, form({ imageData: another() }))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.images[0]?.image?.id)).size).toBe(64);
    const count = await fetch(`${server.url}/customvision/${imagesOf(projectId)}/tagged/count`, {
      headers: { 'Training-Key': ownerKey },
    });
    expect(await count.json()).toBe(64);
  });

  it('takes 64 files in one request and refuses the 65th', async () => {
    const { projectId } = await makeProject(server);
    const many = (length: number) => form(Object.fromEntries(Array.from({ length }, (_, i) => [`${i}`, another()])));
    const { status, body } = await upload(imagesOf(projectId), many(64));
    expect({ status, count: new Set(body.images.map(({ sourceUrl }) => sourceUrl)).size }).toEqual({
      status: 200,
      count: 64,
    });
    expect(await upload(imagesOf(projectId), many(65))).toMatchObject({ status: 400 });
  });

  it('refuses a base64 batch that breaks off, since the tags of all pictures come last', async () => {
    const { projectId, tagIds } = await makeProject(server, { tags: ['cup'] });
    const images = [{ name: 'a.jpg', contents: picture(0).toString('base64') }];
    const whole = JSON.stringify({ images, tagIds: Object.values(tagIds) });
    const send = (json: string) => upload(`${imagesOf(projectId)}/files`, json, 'application/json');
    for (const broken of [whole.slice(0, -1), whole.slice(0, whole.indexOf('"tagIds"'))])
      expect(await send(broken)).toMatchObject({ status: 400, body: { code: 'BadRequestInvalid' } });
    const { status, body } = await send(whole);
    expect(status).toBe(200);
    expect(body.images[0]?.image?.tags).toMatchObject([{ tagName: 'cup' }]);
  });

  it('writes pictures of a base64 batch to the storage while the rest is still on its way', async () => {
    const { projectId } = await makeProject(server);
    const sent = 12;
    const before = (await keysBelow(server.storage, 'uploads/')).length;
    let seen = 0;
    async function* batch() {
      yield '{"Images":[';
      for (let i = 0; i < sent; i++) {
        const contents = another(1024 * 1024).toString('base64');
        yield `${i ? ',' : ''}{"name":"${i}","contents":"${contents}"}`;
      }
      // The body is open until what was sent is stored: a server that waits for its end would never be.
      for (let waited = 0; seen < sent && waited < 200; waited++) {
        await sleep(50);
        seen = (await keysBelow(server.storage, 'uploads/')).length - before;
      }
      yield ']}';
    }
    const body = ReadableStream.from(batch()).pipeThrough(new TextEncoderStream());
    const answer = await upload(`${imagesOf(projectId)}/files`, body, 'application/json');
    expect(seen).toBe(sent);
    expect(answer.status).toBe(200);
    expect(answer.body.images.map(({ sourceUrl }) => sourceUrl)).toEqual(
      Array.from({ length: sent }, (_, i) => `${i}`),
    );
    expect(await keysBelow(server.storage, 'uploads/')).toHaveLength(before);
  });
});
