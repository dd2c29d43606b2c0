import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys } from '../../../infra/storage/keys.ts';
import { readModelPackage, sha256 } from '../../../workers/ml/model-package.ts';
import {
  contentsOf,
  importedTo,
  iterationsOf,
  startImport,
  substanceOf,
  tokenOf,
  type CopiedFacts,
} from './copying.ts';
import {
  answerOf,
  makeTrainableProject,
  ownerKey,
  samples,
  startServer,
  trainToEnd,
  type TestServer,
} from './setup.ts';

let source: TestServer;
let target: TestServer;
let projectId: string;
let token: string;
let originals: CopiedFacts[];
beforeAll(async () => {
  [source, target] = await Promise.all([startServer(), startServer({ TAGLENS_URL_ALLOW: '127.0.0.1/32' })]);
  projectId = await makeTrainableProject(source, 3, 3);
  await train({ name: 'The first', seed: 1 });
  await train({ name: 'The second', seed: 2, force: true });
  await deleteOneImage();
  token = await tokenOf(source.client, projectId);
  originals = await iterationsOf(source.client, projectId);
});
afterAll(() => Promise.all([source.close(), target.close()]));

async function train(input: object): Promise<void> {
  expect(await trainToEnd(source, projectId, input)).toMatchObject({ status: 'COMPLETED' });
}

/** The trainings saw it, and the copy will not have it. */
async function deleteOneImage(): Promise<void> {
  const list = 'query ($id: ID!) { answer: project(id: $id) { images(first: 1) { nodes { id } } } }';
  const { images } = await answerOf<{ images: { nodes: { id: string }[] } }>(source, list, { id: projectId });
  const input = { imageIds: images.nodes.map(({ id }) => id) };
  await answerOf(source, 'mutation ($input: DeleteImagesInput!) { answer: deleteImages(input: $input) }', { input });
}

interface Prediction {
  results: { tagId: string; tagName: string; probability: number }[];
}

async function predict(server: TestServer, model: object, jpeg: Buffer): Promise<Prediction> {
  const text = `mutation ($input: PredictInput!) {
    answer: predict(input: $input) { results { tagId tagName probability } }
  }`;
  return answerOf(server, text, { input: { ...model, image: { base64: jpeg.toString('base64') } } });
}

const withoutTagIds = ({ results }: Prediction) =>
  results.map(({ tagName, probability }) => ({ tagName, probability }));

async function tagsOf(server: TestServer, id: string, iterationId: string): Promise<unknown[]> {
  const url = `${server.url}/customvision/v3.3/training/projects/${id}/tags?iterationId=${iterationId}`;
  const response = await fetch(url, { headers: { 'Training-Key': ownerKey } });
  const tags = (await response.json()) as { name: string; imageCount: number }[];
  return tags.map(({ name, imageCount }) => ({ name, imageCount }));
}

describe.each([
  ['another server', () => target],
  ['the same server', () => source],
])('a copy at %s', (_where, serverOf) => {
  let server: TestServer;
  let id: string;
  let copies: CopiedFacts[];
  beforeAll(async () => {
    server = serverOf();
    id = await startImport(server.client, { token });
    expect(await importedTo(server.client, id)).toMatchObject({
      status: 'READY',
      import: { importedIterationCount: 2, leftOutIterationCount: 0, error: null },
    });
    copies = await iterationsOf(server.client, id);
  });

  it('has the iterations of its source with their figures', () => {
    expect(copies.map(({ name }) => name)).toEqual(['The first', 'The second']);
    expect(substanceOf(copies)).toEqual(substanceOf(originals));
  });

  it('names its own images and tags, and none of its source', async () => {
    const own = await answerOf<{ tags: { id: string }[]; images: { nodes: { id: string }[] } }>(
      server,
      'query ($id: ID!) { answer: project(id: $id) { tags { id } images(first: 200) { nodes { id } } } }',
      { id },
    );
    for (const copy of copies) {
      const bytes = await server.storage.get(keys.model(copy.id));
      expect(sha256(bytes)).toBe(copy.modelSha256);
      expect(
        readModelPackage(bytes)
          .tags.map((tag) => tag.id)
          .sort(),
      ).toEqual(own.tags.map((tag) => tag.id).sort());
      const { images } = JSON.parse((await server.storage.get(keys.snapshot(copy.id))).toString()) as {
        images: { id: string; projectId: string }[];
      };
      expect(images.map((image) => image.id)).toEqual(images.map((image) => image.id).sort());
      expect(new Set(images.map((image) => image.projectId))).toEqual(new Set([id]));
      const seen = new Set(images.map((image) => image.id));
      expect(own.images.nodes.filter((image) => seen.has(image.id))).toHaveLength(images.length - 1);
    }
  });

  it('knows which tags and images its iterations saw', async () => {
    const [copy, original] = [copies[0]?.id ?? '', originals[0]?.id ?? ''];
    expect(await tagsOf(server, id, copy)).toEqual(await tagsOf(source, projectId, original));
  });

  it('is published and predicts at once, with the same probabilities', async () => {
    const publish =
      'mutation ($id: ID!) { answer: publishIteration(input: { iterationId: $id, name: "live" }) { id } }';
    await answerOf(server, publish, { id: copies[1]?.id });
    const { tags } = await contentsOf(server.client, id);
    for (const { jpeg } of (await samples(1, 99)).slice(0, 3)) {
      const original = await predict(source, { projectId, iterationId: originals[1]?.id }, jpeg);
      const copy = await predict(server, { projectId: id, publishedName: 'live' }, jpeg);
      expect(withoutTagIds(copy)).toEqual(withoutTagIds(original));
      expect(copy.results).toHaveLength(tags.length);
    }
  });

  it('can be trained again, since its images need not be those of the model', async () => {
    expect(await trainToEnd(server, id, { seed: 2 })).toMatchObject({ status: 'COMPLETED' });
  });
});

it('an iteration whose model cannot be read stays behind', async () => {
  const [first] = await iterationsOf(source.client, projectId);
  await source.storage.delete(keys.evaluation(first?.id ?? ''));
  const copy = await importedTo(target.client, await startImport(target.client, { token }));
  expect(copy).toMatchObject({
    status: 'READY',
    import: { importedIterationCount: 1, leftOutIterationCount: 1, error: null },
  });
});
