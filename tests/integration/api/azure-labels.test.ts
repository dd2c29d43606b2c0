import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addImages, makeProject, ownerKey, samples, startServer, type TestServer } from './setup.ts';

interface Wire {
  code: string;
  created: { imageId: string; tagId: string; regionId: string }[];
  duplicated: object[];
  exceeded: object[];
  tags: { tagName: string }[];
  regions: { regionId: string }[];
}

let server: TestServer;
let pictures: string[];

beforeAll(async () => {
  server = await startServer();
  pictures = (await samples(2, 17, 64)).map(({ jpeg }) => jpeg.toString('base64'));
});
afterAll(() => server.close());

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/customvision/v3.4-preview/training/projects/${path}`, {
    method,
    headers: { 'Training-Key': ownerKey, 'content-type': 'application/json; charset=utf-8' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: (text ? JSON.parse(text) : null) as Wire & Wire[] };
}

/** A project of two tags with pictures without any. */
async function makeUnlabelled(settings: { kind?: string; classificationType?: string } = {}, count = 2) {
  const { projectId, tagIds } = await makeProject(server, { tags: ['one', 'two'], ...settings });
  const images = pictures.slice(0, count).map((base64) => ({ source: { base64 } }));
  const imageIds = (await addImages(server, { projectId, images })).map(({ image }) => image?.id ?? '');
  return { projectId, one: tagIds['one'] ?? '', two: tagIds['two'] ?? '', imageIds };
}

const imageOf = async (projectId: string, imageId: string): Promise<Wire | undefined> =>
  (await ask('GET', `${projectId}/images/id?imageIds=${imageId}`)).body[0];

const box = { left: 0.25, top: 0.25, width: 0.5, height: 0.5 };

describe('labels by Azure’s operations', () => {
  it('are of the project of the path: images and regions of another one are not there', async () => {
    const [own, other] = [await makeUnlabelled(), await makeUnlabelled()];
    const [imageId = ''] = own.imageIds;
    const tags = [{ imageId, tagId: own.one }];
    expect((await ask('POST', `${own.projectId}/images/tags`, { tags })).status).toBe(200);
    const missing = { status: 404, body: { code: 'NotFoundImage' } };
    expect(await ask('POST', `${other.projectId}/images/tags`, { tags })).toMatchObject(missing);
    const untag = `images/tags?imageIds=${imageId}&tagIds=${own.one}`;
    expect(await ask('DELETE', `${other.projectId}/${untag}`)).toMatchObject(missing);
    expect((await imageOf(own.projectId, imageId))?.tags).toMatchObject([{ tagName: 'one' }]);
    expect((await ask('DELETE', `${own.projectId}/${untag}`)).status).toBe(204);

    const drawing = await makeUnlabelled({ kind: 'DETECTION' }, 1);
    const regions = [{ imageId: drawing.imageIds[0], tagId: drawing.one, ...box }];
    expect(await ask('POST', `${other.projectId}/images/regions`, { regions })).toMatchObject(missing);
    const { body } = await ask('POST', `${drawing.projectId}/images/regions`, { regions });
    const erase = `images/regions?regionIds=${body.created[0]?.regionId}`;
    expect(await ask('DELETE', `${other.projectId}/${erase}`)).toMatchObject({
      status: 404,
      body: { code: 'NotFound' },
    });
    expect((await imageOf(drawing.projectId, drawing.imageIds[0] ?? ''))?.regions).toHaveLength(1);
    expect((await ask('DELETE', `${drawing.projectId}/${erase}`)).status).toBe(204);
  });

  it('need a project that is there', async () => {
    const { imageIds, one } = await makeUnlabelled();
    const nowhere = '00000000-0000-4000-8000-000000000000';
    expect(await ask('DELETE', `${nowhere}/images/tags?imageIds=${imageIds[0]}&tagIds=${one}`)).toMatchObject({
      status: 404,
      body: { code: 'NotFoundProject' },
    });
  });
});
