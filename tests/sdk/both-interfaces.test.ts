import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Refusal } from '../../cli/client.ts';
import { createProject, createTag, publish, train } from '../../cli/demo-steps.ts';
import { addImages, ownerKey, startServer, type TestServer } from '../integration/api/setup.ts';
import { SdkError } from './client.ts';
import { newestClient } from './javascript-client.ts';
import { trainAndPublish } from './quickstart.ts';
import { twoTagsOfPhotos, type World } from './world.ts';

/** What both interfaces can do, and what they say of it in common words. */
interface Interface {
  createProject(name: string): Promise<string>;
  createTag(projectId: string, name: string): Promise<string>;
  addImage(projectId: string, jpeg: Buffer, tagIds: string[]): Promise<'OK' | 'OKDuplicate'>;
  untaggedCount(projectId: string): Promise<number>;
  deleteTag(projectId: string, tagId: string): Promise<unknown>;
  trainAndPublish(projectId: string, publishName: string): Promise<unknown>;
  startTraining(projectId: string): Promise<unknown>;
  predict(projectId: string, publishedName: string, jpeg: Buffer): Promise<[tag: string, probability: number][]>;
  /** What a refusal says, as GraphQL calls it. */
  codeOf(error: unknown): string | null | undefined;
}

function graphql(server: TestServer): Interface {
  const { client } = server;
  return {
    createProject: (name) => createProject(client, name),
    createTag: (projectId, name) => createTag(client, { projectId, name }),
    addImage: async (projectId, jpeg, tagIds) => {
      const images = [{ source: { base64: jpeg.toString('base64') }, tagIds }];
      const [result] = await addImages(server, { projectId, images });
      return result?.status === 'DUPLICATE' ? 'OKDuplicate' : 'OK';
    },
    untaggedCount: async (id) => {
      const query = 'query ($id: ID!) { project(id: $id) { untaggedImageCount } }';
      return (await client.request<{ project: { untaggedImageCount: number } }>(query, { id })).project
        .untaggedImageCount;
    },
    deleteTag: (_projectId, id) => client.request('mutation ($id: ID!) { deleteTag(id: $id) }', { id }),
    trainAndPublish: async (projectId, name) => publish(client, (await train(client, projectId)).id, name),
    startTraining: (projectId) =>
      client.request('mutation ($input: TrainIterationInput!) { trainIteration(input: $input) { id } }', {
        input: { projectId },
      }),
    predict: async (projectId, name, jpeg) => {
      const { results } = await client.predict<{ results: { tagName: string; probability: number }[] }>(
        projectId,
        name,
        jpeg,
      );
      return results.map(({ tagName, probability }) => [tagName, probability]);
    },
    codeOf: (error) => (error instanceof Refusal ? error.code : undefined),
  };
}

const codes: Record<string, string> = {
  BadRequestTrainingNotNeeded: 'TRAINING_NOT_NEEDED',
  NotFoundProject: 'NOT_FOUND',
  BadRequestTagNameNotUnique: 'NAME_TAKEN',
};

function azure({ url }: TestServer): Interface {
  const client = newestClient(url, ownerKey);
  return {
    createProject: async (name) => (await client.call('createProject', { name, classificationType: 'Multiclass' })).id,
    createTag: async (projectId, name) => (await client.call('createTag', { projectId, name })).id,
    addImage: async (projectId, imageData, tagIds) => {
      const { images } = await client.call('createImagesFromData', { projectId, imageData, tagIds });
      return images[0]?.status === 'OKDuplicate' ? 'OKDuplicate' : 'OK';
    },
    untaggedCount: (projectId) => client.call<number>('getUntaggedImageCount', { projectId }),
    deleteTag: (projectId, tagId) => client.call('deleteTag', { projectId, tagId }),
    trainAndPublish: (projectId, publishName) => trainAndPublish(client, projectId, { publishName, withinMs: 120_000 }),
    startTraining: (projectId) => client.call('trainProject', { projectId }),
    predict: async (projectId, publishedName, imageData) => {
      const { predictions } = await client.call('classifyImage', { projectId, publishedName, imageData });
      return predictions.map(({ tagName, probability }) => [tagName, probability]);
    },
    codeOf: (error) => (error instanceof SdkError ? codes[error.code ?? ''] : undefined),
  };
}

let server: TestServer;
let photos: World['photos'];
const projectIds: string[] = [];
beforeAll(async () => {
  server = await startServer();
  photos = await twoTagsOfPhotos();
});
afterAll(() => server.close());

const interfaces = { GraphQL: graphql, 'Azure’s REST': azure };
const publishName = 'signs';

/** The last of each tag is not trained on. */
const isAsked = (index: number): boolean => index >= photos.length - 2;

describe.each(Object.entries(interfaces))('by %s', (name, open) => {
  let api: Interface;
  let projectId: string;
  const tagIds = new Map<string, string>();
  beforeAll(async () => {
    api = open(server);
    projectId = await api.createProject(`Signs by ${name}`);
    projectIds.push(projectId);
  });
  const refusalOf = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'nothing was refused',
      (error: unknown) => api.codeOf(error) ?? error,
    );

  it('a tag has a name of its own in its project', async () => {
    for (const tag of new Set(photos.map((photo) => photo.tag))) tagIds.set(tag, await api.createTag(projectId, tag));
    expect(await refusalOf(api.createTag(projectId, photos[0]?.tag ?? ''))).toBe('NAME_TAKEN');
  });

  it('a picture that is there is not added again', async () => {
    const added = [];
    for (const { tag, jpeg } of photos.filter((_, index) => !isAsked(index)))
      added.push(await api.addImage(projectId, jpeg, [tagIds.get(tag) ?? '']));
    expect(new Set(added)).toEqual(new Set(['OK']));
    const [first] = photos;
    expect(await api.addImage(projectId, first?.jpeg ?? Buffer.alloc(0), [])).toBe('OKDuplicate');
  });

  it('a deleted tag leaves its pictures, without it', async () => {
    const spare = await api.createTag(projectId, 'spare');
    await api.addImage(projectId, photos.at(-1)?.jpeg ?? Buffer.alloc(0), [spare]);
    expect(await api.untaggedCount(projectId)).toBe(0);
    await api.deleteTag(projectId, spare);
    expect(await api.untaggedCount(projectId)).toBe(1);
  });

  it('nothing new is not trained on again', async () => {
    await api.trainAndPublish(projectId, publishName);
    expect(await refusalOf(api.startTraining(projectId))).toBe('TRAINING_NOT_NEEDED');
  });

  it('what is not there is not found', async () => {
    expect(await refusalOf(api.createTag('11111111-1111-4111-8111-111111111111', 'any'))).toBe('NOT_FOUND');
  });
});

it('a model answers the same by both, whichever it was made by', async () => {
  for (const projectId of projectIds) {
    const jpeg = photos.at(-2)?.jpeg ?? Buffer.alloc(0);
    const answers = await Promise.all(
      Object.values(interfaces).map((open) => open(server).predict(projectId, publishName, jpeg)),
    );
    expect(answers[0]).toHaveLength(2);
    expect(answers[1]).toEqual(answers[0]);
  }
  expect(projectIds).toHaveLength(2);
});
