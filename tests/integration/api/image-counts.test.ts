import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomFrom } from '../../../samples/random.ts';
import { addImages, makeProject, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;
let jpegs: Buffer[];

beforeAll(async () => {
  server = await startServer();
  jpegs = (await samples(5, 77)).map(({ jpeg }) => jpeg);
});
afterAll(() => server.close());

interface Counted {
  imageCount: number;
  untaggedImageCount: number;
  tags: { id: string; imageCount: number }[];
  images: { totalCount: number; nodes: { id: string; tags: { id: string }[] }[] };
  untagged: { totalCount: number; nodes: { id: string }[] };
  tagged: { totalCount: number; nodes: { id: string }[] };
}

async function look(projectId: string): Promise<Counted> {
  const query = `query ($id: ID!) { project(id: $id) {
    imageCount untaggedImageCount tags { id imageCount }
    images(first: 200) { totalCount nodes { id tags { id } } }
    untagged: images(filter: { isTagged: false }) { totalCount nodes { id } }
    tagged: images(filter: { isTagged: true }) { totalCount nodes { id } }
  } }`;
  return (await server.client.request<{ project: Counted }>(query, { id: projectId })).project;
}

/** Compares every count that is kept with the images themselves. */
function expectTrueCounts({ imageCount, untaggedImageCount, tags, images, untagged, tagged }: Counted): void {
  const idsOf = (nodes: { id: string }[]): string[] => nodes.map(({ id }) => id);
  const bare = images.nodes.filter(({ tags }) => tags.length === 0);
  const others = images.nodes.filter(({ tags }) => tags.length > 0);
  expect([imageCount, images.totalCount]).toEqual([images.nodes.length, images.nodes.length]);
  expect([untaggedImageCount, untagged.totalCount]).toEqual([bare.length, bare.length]);
  expect(idsOf(untagged.nodes)).toEqual(idsOf(bare));
  expect([tagged.totalCount, idsOf(tagged.nodes)]).toEqual([others.length, idsOf(others)]);
  for (const { id, imageCount } of tags)
    expect(imageCount).toBe(images.nodes.filter(({ tags }) => tags.some((tag) => tag.id === id)).length);
}

test('the counts that are kept are those of the images after every kind of change', async () => {
  const names = ['a', 'b', 'c'];
  const { projectId, tagIds } = await makeProject(server, { tags: names, classificationType: 'MULTILABEL' });
  const random = randomFrom('counts');
  const some = <T>(all: readonly T[]): T[] => all.filter(() => random.chance(0.4));
  const change = (name: string, field: string, input: object) =>
    server.client.request(`mutation ($input: ${name}!) { ${field} }`, { input });
  for (let round = 0; round < 12; round++) {
    const pictures = some(jpegs);
    await addImages(server, {
      projectId,
      tagIds: some(Object.values(tagIds)),
      images: [...pictures, ...pictures.slice(0, 1), Buffer.from('no picture')].map((bytes) => ({
        source: { base64: bytes.toString('base64') },
        tagIds: some(Object.values(tagIds)),
      })),
    });
    const { images } = await look(projectId);
    const imageIds = some(images.nodes.map(({ id }) => id));
    const tags = some(Object.values(tagIds));
    if (imageIds.length > 0 && tags.length > 0) {
      await change('TagImagesInput', 'tagImages(input: $input) { id }', { imageIds, tagIds: tags });
      expectTrueCounts(await look(projectId));
      const others = [...imageIds, ...some(images.nodes.map(({ id }) => id))];
      await change('TagImagesInput', 'untagImages(input: $input) { id }', {
        imageIds: [...new Set(others)],
        tagIds: tags,
      });
    }
    expectTrueCounts(await look(projectId));
    const gone = some(imageIds);
    if (gone.length > 0) await change('DeleteImagesInput', 'deleteImages(input: $input)', { imageIds: gone });
    expectTrueCounts(await look(projectId));
  }
  await server.client.request('mutation ($id: ID!) { deleteTag(id: $id) }', { id: tagIds['b'] });
  expectTrueCounts(await look(projectId));
});
