import { expect } from 'vitest';
import type { Wire } from '../client.ts';
import { idOf, type World } from '../world.ts';
import type { Scenario } from './scenario.ts';

const ofProject = (world: World): { projectId: string } => ({ projectId: idOf(world, 'project') });
const published = (world: World) => ({ ...ofProject(world), publishedName: 'my model', application: 'suite' });

/** One that was not trained on; the address shows the very last. */
const unseen = ({ photos }: World) => photos.at(-1) as World['photos'][number];

function expectRightTag(world: World, answer: Wire): void {
  expect(answer.project).toBe(idOf(world, 'project'));
  expect(answer.predictions[0]).toMatchObject({ tagName: unseen(world).tag });
  expect(answer.predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 3);
}

async function expectStored(world: World, id: string, isStored: boolean): Promise<void> {
  const query = { orderBy: 'Newest', maxCount: 100 };
  const { results } = await world.client.call('queryPredictions', { ...ofProject(world), query });
  expect(results.some((result) => result.id === id)).toBe(isStored);
}

function expectBoxes({ predictions }: Wire): void {
  expect(predictions.length).toBeGreaterThan(0);
  for (const { boundingBox } of predictions) expect(boundingBox?.width).toBeGreaterThan(0);
}

export const predictionScenarios: readonly Scenario[] = [
  {
    operation: 'quickTestImage',
    does: 'asks an iteration with the training key, and keeps nothing when told so',
    run: async (world) => {
      const asked = { ...ofProject(world), imageData: unseen(world).jpeg, iterationId: idOf(world, 'iteration') };
      expectRightTag(world, await world.client.call('quickTestImage', asked));
    },
  },
  {
    operation: 'quickTestImageUrl',
    does: 'does the same by address',
    run: async (world) => {
      const asked = { ...ofProject(world), imageUrl: { url: world.pictureUrl }, iterationId: idOf(world, 'iteration') };
      const answer = await world.client.call('quickTestImageUrl', asked);
      expectRightTag(world, answer);
      world.ids['quick'] = answer.id;
    },
  },
  {
    operation: 'queryPredictions',
    does: 'pages through what was kept',
    run: async (world) => {
      const ask = (query: object) => world.client.call('queryPredictions', { ...ofProject(world), query });
      const first = await ask({ orderBy: 'Oldest', maxCount: 1 });
      const next = await ask(first.token);
      const ids = [...first.results, ...next.results].map(({ id }) => id);
      expect(ids).toHaveLength(2);
      expect(ids[1]).toBe(idOf(world, 'quick'));
    },
  },
  {
    operation: 'createImagesFromPredictions',
    does: 'makes an image of what was kept, which then leaves the predictions',
    run: async (world) => {
      const entry = { id: idOf(world, 'quick'), tagIds: [idOf(world, unseen(world).tag)] };
      const given = { ...ofProject(world), batch: { images: [entry] } };
      const { images } = await world.client.call('createImagesFromPredictions', given);
      // The picture of the address is an image already.
      expect(images[0]?.status).toMatch(/^OK/);
      await expectStored(world, entry.id, false);
    },
  },
  {
    operation: 'deletePrediction',
    does: 'deletes what was kept',
    run: async (world) => {
      const query = { orderBy: 'Newest', maxCount: 1 };
      const { results } = await world.client.call('queryPredictions', { ...ofProject(world), query });
      const ids = results.map(({ id }) => id);
      await world.client.call('deletePrediction', { ...ofProject(world), ids });
      await expectStored(world, ids[0] ?? '', false);
    },
  },
  {
    operation: 'classifyImage',
    does: 'finds the right tag and keeps the picture',
    run: async (world) => {
      const answer = await world.client.call('classifyImage', { ...published(world), imageData: unseen(world).jpeg });
      expectRightTag(world, answer);
      await expectStored(world, answer.id, true);
    },
  },
  {
    operation: 'classifyImageWithNoStore',
    does: 'finds it and keeps nothing',
    run: async (world) => {
      const asked = { ...published(world), imageData: unseen(world).jpeg };
      const answer = await world.client.call('classifyImageWithNoStore', asked);
      expectRightTag(world, answer);
      await expectStored(world, answer.id, false);
    },
  },
  ...['classifyImageUrl', 'classifyImageUrlWithNoStore'].map((operation) => ({
    operation,
    does: 'fetches the picture',
    run: async (world: World) => {
      const asked = { ...published(world), imageUrl: { url: world.pictureUrl } };
      const answer = await world.client.call(operation, asked);
      expectRightTag(world, answer);
      await expectStored(world, answer.id, !operation.endsWith('NoStore'));
    },
  })),
  ...['detectImage', 'detectImageWithNoStore', 'detectImageUrl', 'detectImageUrlWithNoStore'].map((operation) => ({
    operation,
    does: 'finds boxes, and refuses a classifier',
    run: async (world: World) => {
      const { jpeg } = unseen(world);
      const asked = operation.includes('Url') ? { imageUrl: { url: world.pictureUrl } } : { imageData: jpeg };
      expectBoxes(await world.client.call(operation, { ...world.detector, ...asked }));
      const wrong = world.client.call(operation, { ...published(world), ...asked });
      await expect(wrong).rejects.toMatchObject({ status: 400 });
    },
  })),
];
