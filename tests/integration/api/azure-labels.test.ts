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
  const limits = { TAGLENS_MAX_TAGS_PER_IMAGE: '2', TAGLENS_MAX_REGIONS_PER_IMAGE: '3', TAGLENS_MAX_BATCH_SIZE: '2' };
  server = await startServer(limits);
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

/** A project of three tags with pictures without any. */
async function makeUnlabelled(settings: { kind?: string; classificationType?: string } = {}, count = 2) {
  const { projectId, tagIds } = await makeProject(server, { tags: ['one', 'two', 'three'], ...settings });
  const imageIds: string[] = [];
  for (const base64 of pictures.slice(0, count)) {
    const [added] = await addImages(server, { projectId, images: [{ source: { base64 } }] });
    imageIds.push(added?.image?.id ?? '');
  }
  const { one = '', two = '', three = '' } = tagIds;
  return { projectId, one, two, three, imageIds };
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
    const foreign = `images/tags?imageIds=${imageId}&tagIds=${own.one},${other.one}`;
    const noTag = { status: 404, body: { code: 'NotFoundTag' } };
    expect(await ask('DELETE', `${own.projectId}/${foreign}`)).toMatchObject(noTag);
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

  it('are told one by one: those that are there already, and only those that have no room', async () => {
    const { projectId, one, two, three, imageIds } = await makeUnlabelled({ classificationType: 'MULTILABEL' });
    const [first = '', second = ''] = imageIds;
    const pair = (imageId: string, tagId: string) => ({ imageId, tagId });
    const wanted = [pair(first, one), pair(first, one), pair(first, two), pair(second, three), pair(first, three)];
    expect(await ask('POST', `${projectId}/images/tags`, { tags: wanted })).toMatchObject({
      status: 200,
      body: {
        created: [pair(first, one), pair(first, two), pair(second, three)],
        duplicated: [pair(first, one)],
        exceeded: [pair(first, three)],
      },
    });
    expect((await imageOf(projectId, second))?.tags).toMatchObject([{ tagName: 'three' }]);
    const count = await ask('GET', `${projectId}/images/untagged/count`);
    expect(count.body).toBe(0);
  });

  it('are told one by one, regions too, for which an image may have no room or none for their tag', async () => {
    const { projectId, one, two, three, imageIds } = await makeUnlabelled({ kind: 'DETECTION' });
    const [first = '', second = ''] = imageIds;
    const region = (imageId: string, tagId: string, left: number) => ({ imageId, tagId, ...box, left });
    const [a, b, c, d] = [
      region(first, one, 0),
      region(first, two, 0),
      region(first, one, 0.1),
      region(second, one, 0),
    ];
    const [otherTag, full] = [region(first, three, 0), region(first, two, 0.1)];
    expect(
      await ask('POST', `${projectId}/images/regions`, { regions: [a, a, b, otherTag, c, full, d] }),
    ).toMatchObject({
      status: 207,
      body: {
        created: [{ ...a, tagName: 'one' }, { ...b, tagName: 'two' }, c, d],
        duplicated: [a],
        exceeded: [otherTag, full],
      },
    });
    expect((await imageOf(projectId, first))?.regions).toHaveLength(3);
    expect((await imageOf(projectId, first))?.tags).toHaveLength(2);
  });

  it('are there already when a region has brought them', async () => {
    const { projectId, one, two, imageIds } = await makeUnlabelled({ kind: 'DETECTION' });
    const [imageId = '', other = ''] = imageIds;
    await ask('POST', `${projectId}/images/regions`, { regions: [{ imageId, tagId: one, ...box }] });
    const tags = [{ imageId, tagId: one }];
    expect(await ask('POST', `${projectId}/images/tags`, { tags })).toMatchObject({
      status: 200,
      body: { created: [], duplicated: tags, exceeded: [] },
    });
    for (const pair of [
      { imageId, tagId: two },
      { imageId: other, tagId: one },
    ])
      expect(await ask('POST', `${projectId}/images/tags`, { tags: [...tags, pair] })).toMatchObject({ status: 400 });
  });

  it('are put on all or none when one of them is refused', async () => {
    const nowhere = '00000000-0000-4000-8000-000000000000';
    const { projectId, one, two, imageIds } = await makeUnlabelled();
    const [first = '', second = ''] = imageIds;
    const good = { imageId: first, tagId: one };
    const refused: [object, number, string][] = [
      [{ imageId: nowhere, tagId: two }, 404, 'NotFoundImage'],
      [{ imageId: second, tagId: nowhere }, 404, 'NotFoundTag'],
      [{ imageId: first, tagId: two }, 400, 'BadRequestExceedTagPerImageLimit'],
    ];
    for (const [bad, status, code] of refused)
      expect(await ask('POST', `${projectId}/images/tags`, { tags: [good, bad] })).toMatchObject({
        status,
        body: { code },
      });
    expect((await imageOf(projectId, first))?.tags).toEqual([]);

    const drawing = await makeUnlabelled({ kind: 'DETECTION' });
    const regions = [
      { imageId: drawing.imageIds[0], tagId: drawing.one, ...box },
      { imageId: drawing.imageIds[1], tagId: nowhere, ...box },
    ];
    expect(await ask('POST', `${drawing.projectId}/images/regions`, { regions })).toMatchObject({ status: 404 });
    expect((await imageOf(drawing.projectId, drawing.imageIds[0] ?? ''))?.regions).toEqual([]);
  });

  it('may be on more images than are taken in at once', async () => {
    const { projectId, one, imageIds } = await makeUnlabelled({}, 3);
    const tags = imageIds.map((imageId) => ({ imageId, tagId: one }));
    expect((await ask('POST', `${projectId}/images/tags`, { tags: [] })).body.created).toEqual([]);
    expect((await ask('POST', `${projectId}/images/tags`, { tags })).body.created).toEqual(tags);
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
