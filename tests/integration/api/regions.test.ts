import { afterAll, beforeAll, expect, test } from 'vitest';
import { addImages, bearer, makeProject, ownerKey, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;
let pictures: string[];

beforeAll(async () => {
  server = await startServer({ TAGLENS_MAX_REGIONS_PER_IMAGE: '5' });
  pictures = (await samples(3, 91, 64)).map(({ jpeg }) => jpeg.toString('base64'));
});
afterAll(() => server.close());

const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
const other = { left: 0.5, top: 0.5, width: 0.25, height: 0.25 };

interface Drawing {
  projectId: string;
  tagIds: Record<string, string>;
  imageIds: string[];
  background: string;
}

/** A detection project with the tags «fork» and «knife», a negative one, and pictures without anything. */
async function makeDrawing(count: number): Promise<Drawing> {
  const { projectId, tagIds } = await makeProject(server, { tags: ['fork', 'knife'], kind: 'DETECTION' });
  const imageIds: string[] = [];
  // One by one, so that their ids are in the order of their names.
  for (const [index, base64] of pictures.slice(0, count).entries()) {
    const images = [{ source: { base64 }, name: `${index}.jpg` }];
    imageIds.push((await addImages(server, { projectId, images }))[0]?.image?.id ?? '');
  }
  const input = { projectId, name: 'nothing', type: 'NEGATIVE' };
  const query = 'mutation ($input: CreateTagInput!) { createTag(input: $input) { id } }';
  const { createTag } = await server.client.request<{ createTag: { id: string } }>(query, { input });
  return { projectId, tagIds, imageIds, background: createTag.id };
}

interface DrawnRegion {
  id: string;
  imageId: string;
  tag: { name: string };
  left: number;
  top: number;
  width: number;
  height: number;
}

const fields = 'id imageId tag { name } left top width height';
const add = `mutation ($input: AddRegionsInput!) { regions: addRegions(input: $input) { ${fields} } }`;
const update = `mutation ($input: UpdateRegionsInput!) { regions: updateRegions(input: $input) { ${fields} } }`;
const remove = 'mutation ($ids: [ID!]!) { removeRegions(ids: $ids) }';
const tagImages = 'mutation ($input: TagImagesInput!) { tagImages(input: $input) { id } }';

const draw = async (regions: object[]): Promise<DrawnRegion[]> =>
  (await server.client.request<{ regions: DrawnRegion[] }>(add, { input: { regions } })).regions;

interface Seen {
  imageCount: number;
  untaggedImageCount: number;
  tags: { name: string; imageCount: number }[];
  images: { nodes: { id: string; tags: { name: string }[]; regions: DrawnRegion[] }[] };
}

async function look(projectId: string): Promise<Seen> {
  const query = `query ($id: ID!) { project(id: $id) { imageCount untaggedImageCount tags { name imageCount }
    images(first: 50, orderBy: OLDEST) { nodes { id tags { name } regions { ${fields} } } } } }`;
  return (await server.client.request<{ project: Seen }>(query, { id: projectId })).project;
}

/** The tags of each image, and what the project counts of them. */
async function tagsSeen(projectId: string) {
  const { tags, images, untaggedImageCount } = await look(projectId);
  return {
    images: images.nodes.map((image) => image.tags.map(({ name }) => name).join(' ')),
    counts: Object.fromEntries(tags.map(({ name, imageCount }) => [name, imageCount])),
    untagged: untaggedImageCount,
  };
}

const refusal = async (query: string, variables: object): Promise<(string | undefined)[]> => {
  const [error] = (await server.send(query, variables)).errors;
  return [error?.extensions.code, error?.message];
};

test('regions come, change and go, and the tags of the images and all counts with them', async () => {
  const { projectId, tagIds, imageIds } = await makeDrawing(3);
  const [fork, knife] = [tagIds['fork'], tagIds['knife']];
  const [a, b] = imageIds;
  const drawn = await draw([
    { imageId: b, tagId: knife, ...other },
    { imageId: a, tagId: fork, ...box },
    { imageId: a, tagId: fork, ...other },
  ]);
  expect(drawn.map(({ imageId, tag, left }) => [imageId, tag.name, left])).toEqual([
    [b, 'knife', 0.5],
    [a, 'fork', 0.1],
    [a, 'fork', 0.5],
  ]);
  const { images } = await look(projectId);
  expect(images.nodes.map(({ regions }) => regions.length)).toEqual([2, 1, 0]);
  expect(images.nodes[0]?.regions).toEqual([drawn[1], drawn[2]]);
  expect(await tagsSeen(projectId)).toEqual({
    images: ['fork', 'knife', ''],
    counts: { fork: 1, knife: 1, nothing: 0 },
    untagged: 1,
  });

  const moved = { id: drawn[1]?.id, tagId: knife, left: 0.6 };
  const { regions } = await server.client.request<{ regions: DrawnRegion[] }>(update, { input: { regions: [moved] } });
  expect(regions).toEqual([{ ...drawn[1], tag: { name: 'knife' }, left: 0.6 }]);
  expect((await tagsSeen(projectId)).images).toEqual(['fork knife', 'knife', '']);

  await server.client.request(remove, { ids: [drawn[0]?.id, drawn[2]?.id] });
  expect(await tagsSeen(projectId)).toEqual({
    images: ['knife', '', ''],
    counts: { fork: 0, knife: 1, nothing: 0 },
    untagged: 2,
  });
});

test('the same tag and box is drawn once, whether asked twice or under one key', async () => {
  const { projectId, tagIds, imageIds } = await makeDrawing(1);
  const region = { imageId: imageIds[0], tagId: tagIds['fork'], ...box };
  const [first, twin] = await draw([region, region]);
  expect(twin).toEqual(first);
  expect(await draw([region])).toEqual([first]);
  const headers = { ...bearer(ownerKey), 'idempotency-key': 'regions' };
  const variables = { input: { regions: [{ ...region, ...other }] } };
  const [one, two] = [await server.send(add, variables, headers), await server.send(add, variables, headers)];
  expect(two.data).toEqual(one.data);
  expect((await look(projectId)).images.nodes[0]?.regions).toHaveLength(2);
});

test('no region is moved or tagged onto another one of the same tag and box', async () => {
  const { projectId, tagIds, imageIds } = await makeDrawing(2);
  const [fork, knife] = [tagIds['fork'], tagIds['knife']];
  const [imageId, elsewhere] = imageIds;
  const drawn = await draw([
    { imageId, tagId: fork, ...box },
    { imageId, tagId: fork, ...other },
    { imageId, tagId: knife, ...box },
    { imageId: elsewhere, tagId: knife, ...other },
  ]);
  const [a, b, c] = drawn.map(({ id }) => id);
  const change = (...regions: object[]) => refusal(update, { input: { regions } });
  const twins = (at: number, one?: string, two?: string) => [
    'INVALID',
    `regions[${at}]: region ${one} would have the tag and box of region ${two}; remove one of them.`,
  ];
  expect(await change({ id: b, ...box })).toEqual(twins(0, b, a));
  expect(await change({ id: b, tagId: knife }, { id: a, tagId: knife })).toEqual(twins(1, a, c));
  expect(await change({ id: a, left: 0.3 }, { id: b, ...box, left: 0.3 })).toEqual(twins(0, a, b));
  expect((await look(projectId)).images.nodes[0]?.regions).toEqual(drawn.slice(0, 3));
  // Places may be changed for one another, and what stays as it was is no twin.
  expect(await change({ id: a, ...other }, { id: b, ...box }, { id: c })).toEqual([undefined, undefined]);
  expect(await refusal(remove, { ids: [a, a] })).toEqual(['INVALID', `ids names "${a}" twice.`]);
});

test('regions come in with the upload; a picture that is there already gets those that it lacks', async () => {
  const { projectId, tagIds } = await makeDrawing(0);
  const [fork, knife] = [tagIds['fork'], tagIds['knife']];
  const upload = (regions: object[]) =>
    addImages(server, { projectId, images: [{ source: { base64: pictures[0] }, regions }] });
  const [first] = await upload([{ tagId: fork, ...box }]);
  expect([first?.status, first?.image?.tags]).toEqual(['OK', [{ name: 'fork' }]]);
  const [again] = await upload([
    { tagId: fork, ...box },
    { tagId: knife, ...box },
  ]);
  expect([again?.status, again?.image?.id]).toEqual(['DUPLICATE', first?.image?.id]);
  const [image] = (await look(projectId)).images.nodes;
  expect(image?.regions.map(({ tag }) => tag.name)).toEqual(['fork', 'knife']);
  expect((await tagsSeen(projectId)).counts).toEqual({ fork: 1, knife: 1, nothing: 0 });
  const [refused] = await upload([{ tagId: fork, ...box, left: 0.9 }]);
  expect(refused).toMatchObject({ status: 'REFUSED', code: 'INVALID' });
  expect(refused?.message).toBe('regions[0].left + width must be 0 to 1; it is 1.2.');
});

test('no image gets more regions than allowed, whichever way they come', async () => {
  const { projectId, tagIds, imageIds } = await makeDrawing(1);
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ tagId: tagIds['fork'], ...box, left: 0.1 * i }));
  const limit = 'An image may have at most 5 regions; "0.jpg" would have at least 6.';
  const regions = many(6).map((region) => ({ imageId: imageIds[0], ...region }));
  expect(await refusal(add, { input: { regions } })).toEqual(['LIMIT_REACHED', limit]);
  await draw(regions.slice(0, 5));
  const images = [{ source: { base64: pictures[0] }, regions: [{ tagId: tagIds['fork'], ...other }] }];
  const [result] = await addImages(server, { projectId, images });
  expect(result).toMatchObject({ status: 'DUPLICATE', code: 'LIMIT_REACHED', message: limit });
  expect((await look(projectId)).images.nodes[0]?.regions).toHaveLength(5);
});

test('too many regions for one image are refused before any of them is looked at', async () => {
  const { projectId } = await makeDrawing(0);
  const count = 20_000;
  const regions = Array.from({ length: count }, (_, i) => ({ tagId: 'none', ...box, left: 0.000_01 * i }));
  const images = [{ source: { base64: pictures[0] } }, { source: { base64: pictures[1] }, regions }];
  const message = `An image may have at most 5 regions; this one comes with ${count}.`;
  expect(await addImages(server, { projectId, images })).toMatchObject([
    { status: 'OK' },
    { status: 'REFUSED', code: 'LIMIT_REACHED', message },
  ]);
});

test('a background image has the negative tag and no regions', async () => {
  const { projectId, tagIds, imageIds, background } = await makeDrawing(2);
  const [a, b] = imageIds;
  const fork = { tagId: tagIds['fork'], ...box };
  await server.client.request(tagImages, { input: { imageIds: [a], tagIds: [background] } });
  await draw([{ imageId: b, ...fork }]);
  expect(await refusal(add, { input: { regions: [{ imageId: a, ...fork }] } })).toEqual([
    'TAG_CONFLICT',
    '"0.jpg": tagged as background by the negative tag; remove it with untagImages first.',
  ]);
  expect(await refusal(tagImages, { input: { imageIds, tagIds: [background] } })).toEqual([
    'TAG_CONFLICT',
    'The negative tag means that an image has no regions, but there are 1 in "1.jpg". Remove them first.',
  ]);
  const negative = { imageId: b, ...box, tagId: background };
  expect((await refusal(add, { input: { regions: [negative] } }))[1]).toContain('"nothing" is the negative tag');
  const images = [{ source: { base64: pictures[2] }, tagIds: [background], regions: [fork] }];
  expect((await addImages(server, { projectId, images }))[0]).toMatchObject({
    status: 'REFUSED',
    code: 'TAG_CONFLICT',
  });
  expect((await tagsSeen(projectId)).images).toEqual(['nothing', 'fork']);
});

test('regular tags go on an image of a detection project by its regions only', async () => {
  const { projectId, tagIds, imageIds } = await makeDrawing(1);
  const input = { imageIds, tagIds: [tagIds['fork']] };
  const untag = 'mutation ($input: TagImagesInput!) { untagImages(input: $input) { id } }';
  const message =
    'tagIds: in a DETECTION project only the negative tag is added to an image itself; draw regions for "fork".';
  expect(await refusal(tagImages, { input })).toEqual(['NOT_SUPPORTED', message]);
  expect(await refusal(untag, { input })).toEqual(['NOT_SUPPORTED', message]);
  // The name of a tag of another project is not for whoever guesses its id.
  const foreign = (await makeDrawing(0)).tagIds['fork'];
  expect(await refusal(untag, { input: { ...input, tagIds: [foreign] } })).toEqual([
    'NOT_FOUND',
    `There is no tag of this project "${foreign}".`,
  ]);
  const images = [{ source: { base64: pictures[1] } }];
  expect((await addImages(server, { projectId, images, tagIds: [tagIds['fork']] }))[0]).toMatchObject({ message });
});

test('classification projects take no regions', async () => {
  const { projectId, tagIds } = await makeProject(server, { tags: ['a'] });
  const source = { base64: pictures[0] };
  const [added] = await addImages(server, { projectId, images: [{ source }] });
  const region = { tagId: tagIds['a'], ...box };
  const message = 'regions are for DETECTION projects; project "A project" is for CLASSIFICATION.';
  const input = { regions: [{ imageId: added?.image?.id, ...region }] };
  expect(await refusal(add, { input })).toEqual(['NOT_SUPPORTED', message]);
  const [refused] = await addImages(server, { projectId, images: [{ source, regions: [region] }] });
  expect(refused).toMatchObject({ status: 'REFUSED', code: 'NOT_SUPPORTED', message });
});

test('a tag, an image and a project take their regions with them', async () => {
  const { projectId, tagIds, imageIds } = await makeDrawing(2);
  const [fork, knife] = [tagIds['fork'], tagIds['knife']];
  const [a, b] = imageIds;
  const drawn = await draw([
    { imageId: a, tagId: fork, ...box },
    { imageId: a, tagId: knife, ...other },
    { imageId: b, tagId: fork, ...box },
  ]);
  await server.client.request('mutation ($id: ID!) { deleteTag(id: $id) }', { id: fork });
  expect(await tagsSeen(projectId)).toEqual({ images: ['knife', ''], counts: { knife: 1, nothing: 0 }, untagged: 1 });
  expect((await look(projectId)).images.nodes[0]?.regions).toEqual([drawn[1]]);
  await server.client.request('mutation ($i: DeleteImagesInput!) { deleteImages(input: $i) }', {
    i: { imageIds: [a] },
  });
  expect(await refusal(remove, { ids: [drawn[1]?.id] })).toEqual([
    'NOT_FOUND',
    `There is no region "${drawn[1]?.id}".`,
  ]);
  const [last] = await draw([{ imageId: b, tagId: knife, ...box }]);
  await server.client.request('mutation ($id: ID!) { deleteProject(id: $id) }', { id: projectId });
  expect((await refusal(remove, { ids: [last?.id] }))[0]).toBe('NOT_FOUND');
});

test('drawing takes a key that may label, and images of one project', async () => {
  const [one, two] = [await makeDrawing(1), await makeDrawing(1)];
  const regions = [one, two].map(({ imageIds, tagIds }) => ({ imageId: imageIds[0], tagId: tagIds['fork'], ...box }));
  expect((await refusal(add, { input: { regions } }))[1]).toContain('There is no image of the same project');
  const foreign = { ...regions[0], tagId: two.tagIds['fork'] };
  expect((await refusal(add, { input: { regions: [foreign] } }))[1]).toContain('There is no tag of this project');
  const make = 'mutation ($role: ApiKeyRole!) { createApiKey(input: { name: "k", role: $role }) { secret } }';
  const outcomeOf = async (role: string): Promise<string | undefined> => {
    const { createApiKey } = await server.client.request<{ createApiKey: { secret: string } }>(make, { role });
    const { errors } = await server.send(add, { input: { regions: [regions[0]] } }, bearer(createApiKey.secret));
    return errors[0]?.extensions.code;
  };
  expect([await outcomeOf('READER'), await outcomeOf('LABELER')]).toEqual(['FORBIDDEN', undefined]);
});

test('a project keeps to the domains of its kind', async () => {
  const query =
    'mutation ($input: CreateProjectInput!) { createProject(input: $input) { kind classificationType domain { name inputSize } } }';
  const input = { name: 'd', kind: 'DETECTION' };
  const { createProject } = await server.client.request<{ createProject: object }>(query, { input });
  const domain = { name: 'General', inputSize: 320 };
  expect(createProject).toEqual({ kind: 'DETECTION', classificationType: null, domain });
  const food = 'c151d5b5-dd07-472a-acc8-15d29dea8518';
  const message = 'domainId names "Food", a domain for CLASSIFICATION; the project is for DETECTION.';
  expect(await refusal(query, { input: { ...input, domainId: food } })).toEqual(['INVALID', message]);
  expect((await refusal(query, { input: { ...input, classificationType: 'MULTICLASS' } }))[1]).toContain(
    'classificationType MULTICLASS is for CLASSIFICATION projects',
  );
  const { projectId } = await makeDrawing(0);
  const change =
    'mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { domain { name inputSize } } }';
  expect(await refusal(change, { input: { id: projectId, domainId: food } })).toEqual(['INVALID', message]);
  const shelves = { id: projectId, domainId: '3780a898-81c3-4516-81ae-3a139614e1f3' };
  expect(await server.client.request(change, { input: shelves })).toEqual({
    updateProject: { domain: { name: 'Products on Shelves', inputSize: 512 } },
  });
});

test('a detector asks for five images of each tag, and for one tag', async () => {
  const { projectId, tagIds, imageIds } = await makeDrawing(4);
  const train = 'mutation ($id: ID!) { trainIteration(input: { projectId: $id }) { id } }';
  await draw(imageIds.map((imageId) => ({ imageId, tagId: tagIds['fork'], ...box })));
  expect(await refusal(train, { id: projectId })).toEqual([
    'NOT_ENOUGH_IMAGES',
    'Every tag needs at least 5 images to train on: "fork" has 4, "knife" has 0.',
  ]);
});
