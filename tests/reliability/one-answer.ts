import { expect } from 'vitest';
import type { TaglensClient } from '../../cli/client.ts';
import { publish } from '../../cli/demo-steps.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { Storage } from '../../infra/storage/storage.ts';
import { readModelPackage } from '../../workers/ml/model-package.ts';
import { openPredictor } from '../../workers/ml/predictor.ts';
import { SharedSessions } from '../../workers/ml/shared-sessions.ts';
import { ask } from '../e2e/training-steps.ts';

interface Answer {
  results: { tagId: string; probability: number; box: object | null }[];
}

interface Published {
  client: TaglensClient;
  storage: Storage;
  projectId: string;
  iterationId: string;
}

const predict = `mutation ($i: PredictInput!) {
  predict(input: $i) { results { tagId probability box { left top width height } } }
}`;

/** Publishes a model, which then says the same of an image by GraphQL, by plain HTTP and by its package alone. */
export async function expectOneAnswer(
  { client, storage, projectId, iterationId }: Published,
  image: Buffer,
): Promise<void> {
  const publishedName = 'live';
  await publish(client, iterationId, publishedName);
  const source = { base64: image.toString('base64') };
  const { results } = await ask<Answer>(client, predict, { i: { projectId, publishedName, image: source } });
  expect(results.length).toBeGreaterThan(0);
  expect((await client.predict<Answer>(projectId, publishedName, image)).results).toMatchObject(results);
  const own = await answerOfPackage(await storage.get(keys.model(iterationId)), image);
  expect(own.length).toBe(results.length);
  own.forEach(({ tagId, probability }, i) => {
    expect(tagId).toBe(results[i]?.tagId);
    expect(probability).toBeCloseTo(results[i]?.probability ?? NaN, 6);
  });
}

async function answerOfPackage(bytes: Buffer, image: Buffer): Promise<{ tagId: string; probability: number }[]> {
  const model = readModelPackage(bytes);
  const shared = new SharedSessions();
  const predictor = await openPredictor(model, shared);
  try {
    const results = await predictor.predict(image);
    return results.map(({ tagIndex, probability }) => ({ tagId: model.tags[tagIndex]?.id ?? '', probability }));
  } finally {
    await predictor.release();
    await shared.release();
  }
}
