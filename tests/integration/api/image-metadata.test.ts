import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addImages, makeProject, ownerKey, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

interface Pair {
  name: string;
  value: string | null;
}

interface WireImage {
  id: string;
  metadata?: Record<string, string>;
}

interface Summary {
  isBatchSuccessful: boolean;
  images: { imageId: string; status: string; metadata?: Record<string, string>; image?: WireImage }[];
}

/** Images with these metadata, in this order. */
async function makeImages(metadata: readonly Pair[][]): Promise<{ projectId: string; ids: string[] }> {
  const { projectId } = await makeProject(server);
  const pictures = await samples(Math.ceil(metadata.length / 4), 7);
  const images = metadata.map((pairs, i) => ({
    source: { base64: pictures[i]?.jpeg.toString('base64') },
    metadata: pairs,
  }));
  const ids: string[] = [];
  // One by one, so that the lists have them in this order.
  for (const image of images) {
    const [result] = await addImages(server, { projectId, images: [image] });
    ids.push(result?.image?.id ?? '');
  }
  return { projectId, ids };
}

const noted = (pairs: Record<string, string | null>): Pair[] =>
  Object.entries(pairs).map(([name, value]) => ({ name, value }));

async function set(imageIds: string[], pairs: Record<string, string | null>) {
  const mutation = `mutation ($input: SetImageMetadataInput!) {
    setImageMetadata(input: $input) { metadata { name value } }
  }`;
  const { data, errors } = await server.send(mutation, { input: { imageIds, metadata: noted(pairs) } });
  return { images: data?.['setImageMetadata'] as { metadata: Pair[] }[] | undefined, errors };
}

async function listed(projectId: string, metadata: object) {
  const query = `query ($id: ID!, $filter: ImageFilterInput) {
    project(id: $id) { images(filter: $filter, orderBy: OLDEST) { totalCount nodes { id } } }
  }`;
  const { data, errors } = await server.send(query, { id: projectId, filter: { metadata } });
  const project = data?.['project'] as { images: { totalCount: number; nodes: { id: string }[] } } | undefined;
  return { count: project?.images.totalCount, ids: project?.images.nodes.map(({ id }) => id), errors };
}

async function azure<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }> {
  const response = await fetch(`${server.url}/customvision/v3.4-preview/training/projects/${path}`, {
    method,
    headers: { 'Training-Key': ownerKey, 'content-type': 'application/json; charset=utf-8' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: (await response.json()) as T };
}

const filtered = (projectId: string, filter: string, rest = '') =>
  azure<WireImage[]>('GET', `${projectId}/images?orderBy=Oldest&$filter=${encodeURIComponent(filter)}${rest}`);

const cameras = () =>
  makeImages([
    noted({ camera: 'left', site: 'Jena' }),
    noted({ camera: 'left', site: "St. John's" }),
    noted({ camera: 'right', site: 'Jena' }),
    [],
  ]);

describe('metadata of images', () => {
  it('keeps names that are not named, and takes away those that are null', async () => {
    const { ids } = await makeImages([noted({ camera: 'left', site: 'Jena' })]);
    const { images } = await set(ids, { site: null, camera: 'right', shift: 'night' });
    expect(images).toEqual([{ metadata: noted({ camera: 'right', shift: 'night' }) }]);
  });

  it('refuses more than 50 names, and names and values that are too long, with the limit', async () => {
    const { ids } = await makeImages([noted({ camera: 'left' })]);
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key ${i}`, 'x']));
    const refusals = [
      await set(ids, fifty),
      await set(ids, { ['k'.repeat(257)]: 'x' }),
      await set(ids, { k: 'v'.repeat(513) }),
    ];
    expect(refusals.map(({ errors }) => errors[0]?.extensions)).toMatchObject([
      { code: 'LIMIT_REACHED', max: 50, value: 51 },
      { code: 'INVALID', field: 'metadata.name', max: 256, length: 257 },
      { code: 'INVALID', field: 'metadata.value', max: 512, length: 513 },
    ]);
    expect((await set(ids, { camera: null, ...fifty })).images?.[0]?.metadata).toHaveLength(50);
    const longest = { ['🌧'.repeat(256)]: '☀'.repeat(512) };
    const other = await makeImages([noted(longest)]);
    expect((await set(other.ids, {})).images).toEqual([{ metadata: noted(longest) }]);
  });

  it('adds those of a picture that is there already to it', async () => {
    const { projectId } = await makeProject(server);
    const [picture] = await samples(1, 8);
    const source = { base64: picture?.jpeg.toString('base64') };
    await addImages(server, { projectId, images: [{ source, metadata: noted({ camera: 'left', site: 'Jena' }) }] });
    const again = { projectId, images: [{ source }], metadata: noted({ site: 'Gera', shift: 'day' }) };
    const [{ status, image } = { status: '', image: null }] = await addImages(server, again);
    expect(status).toBe('DUPLICATE');
    const { images } = await set([image?.id ?? ''], {});
    expect(images).toEqual([{ metadata: noted({ camera: 'left', shift: 'day', site: 'Gera' }) }]);
  });

  it('go with the image', async () => {
    const { projectId, ids } = await cameras();
    await server.send('mutation ($input: DeleteImagesInput!) { deleteImages(input: $input) }', {
      input: { imageIds: ids.slice(0, 1) },
    });
    expect(await listed(projectId, { name: 'camera', is: 'left' })).toMatchObject({ count: 1, ids: [ids[1]] });
  });
});

describe('the filter by metadata', () => {
  it('compares, joins and negates, in lists and counts', async () => {
    const { projectId, ids } = await cameras();
    const left = { name: 'camera', is: 'left' };
    const notJena = { name: 'site', isNot: 'Jena' };
    expect(await listed(projectId, left)).toMatchObject({ count: 2, ids: [ids[0], ids[1]] });
    expect(await listed(projectId, notJena)).toMatchObject({ count: 2, ids: [ids[1], ids[3]] });
    expect(await listed(projectId, { allOf: [left, notJena] })).toMatchObject({ count: 1, ids: [ids[1]] });
    expect(await listed(projectId, { anyOf: [left, notJena] })).toMatchObject({
      count: 3,
      ids: [ids[0], ids[1], ids[3]],
    });
  });

  it('refuses conditions of no form, more than 20, and those nested more than 25 deep', async () => {
    const { projectId } = await makeProject(server);
    const leaf = { name: 'camera', is: 'left' };
    for (const odd of [{}, { name: 'camera' }, { ...leaf, isNot: 'x' }, { ...leaf, allOf: [leaf] }, { anyOf: [] }])
      expect((await listed(projectId, odd)).errors[0]?.extensions).toMatchObject({ field: 'filter.metadata' });
    const many = { anyOf: Array.from({ length: 21 }, () => leaf) };
    expect((await listed(projectId, many)).errors[0]?.extensions).toMatchObject({ max: 20, value: 21 });
    let deep: object = leaf;
    for (let depth = 1; depth < 26; depth++) deep = { allOf: [deep] };
    expect((await listed(projectId, deep)).errors[0]?.extensions).toMatchObject({ max: 25, value: 26 });
  });
});

describe('Azure’s operations on metadata', () => {
  it('finds pictures by $filter, with its quotes and parentheses', async () => {
    const { projectId, ids } = await cameras();
    const found = async (filter: string) => (await filtered(projectId, filter)).body.map(({ id }) => ids.indexOf(id));
    expect(await found("camera eq 'left'")).toEqual([0, 1]);
    expect(await found("site eq 'St. John''s'")).toEqual([1]);
    expect(await found("camera NE 'left' and site eq 'Jena'")).toEqual([2]);
    expect(await found("camera eq 'right' or camera eq 'left' and site ne 'Jena'")).toEqual([1, 2]);
    expect(await found("(camera eq 'right' or camera eq 'left') and site ne 'Jena'")).toEqual([1]);
    expect(await found("camera eq 'x'' OR 1=1 --'")).toEqual([]);
    const page = await filtered(projectId, "site ne 'nowhere'", '&take=2&skip=1');
    expect(page.body.map(({ id }) => ids.indexOf(id))).toEqual([1, 2]);
    const count = await azure('GET', `${projectId}/images/count?$filter=${encodeURIComponent("camera eq 'left'")}`);
    expect(count).toEqual({ status: 200, body: 2 });
  });

  it('refuses a filter that it cannot read, and says why', async () => {
    const { projectId } = await makeProject(server);
    const cases = { 'camera eq left': /single quotes/, "camera like 'x'": /eq or ne/, "camera eq 'x": /not close/ };
    for (const [filter, why] of Object.entries({ ...cases, "(camera eq 'x'": /\)/, [`${'('.repeat(11)}`]: /deep/ }))
      expect(await filtered(projectId, filter)).toMatchObject({
        status: 400,
        body: { code: 'BadRequestInvalid', message: expect.stringMatching(why) as string },
      });
  });

  it('updates what it can and says what became of each picture', async () => {
    const full = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key ${i}`, 'x']));
    const { projectId, ids } = await makeImages([noted({ camera: 'left' }), noted(full)]);
    const missing = '00000000-0000-4000-8000-000000000000';
    const path = `${projectId}/images/metadata?imageIds=${[...ids, missing].join(',')}`;
    const { status, body } = await azure<Summary>('POST', path, { Site: 'Jena' });
    expect({ status, ...body }).toEqual({
      status: 207,
      isBatchSuccessful: false,
      images: [
        { imageId: ids[0], status: 'OK', metadata: { camera: 'left', Site: 'Jena' } },
        { imageId: ids[1], status: 'ErrorLimitExceed' },
        { imageId: missing, status: 'ErrorImageNotFound' },
      ],
    });
    const tooLong = await azure('POST', `${projectId}/images/metadata?imageIds=${ids[0]}`, { ['k'.repeat(257)]: 'x' });
    expect(tooLong).toMatchObject({ status: 400, body: { code: 'BadRequestImageMetadataKey' } });
  });

  it('takes metadata with a batch of files and tells them with each picture', async () => {
    const { projectId } = await makeProject(server);
    const pictures = await samples(1, 9);
    const images = pictures.map(({ jpeg }, i) => ({ name: `${i}`, contents: jpeg.toString('base64') }));
    const { status, body } = await azure<Summary>('POST', `${projectId}/images/files`, {
      images,
      metadata: { camera: 'top' },
    });
    expect(status).toBe(200);
    expect(body.images.map(({ image }) => image?.metadata)).toEqual(images.map(() => ({ camera: 'top' })));
    const { body: all } = await filtered(projectId, "camera eq 'top'");
    expect(all).toHaveLength(images.length);
  });
});
