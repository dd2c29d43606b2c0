import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { iou, type Box } from '../../../workers/ml/detection/boxes.ts';
import type { DetectorModel } from '../../../workers/ml/model-package.ts';
import { openPredictor } from '../../../workers/ml/predictor.ts';
import { SharedSessions } from '../../../workers/ml/shared-sessions.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { doubtfulDetector, placeDetector } from './doubtful-detector.ts';
import { answerOf, bearer, makeProject, ownerKey, samples, startServerOn, type TestServer } from './setup.ts';

interface Result {
  tagId: string;
  tagName: string;
  probability: number;
  box: Box | null;
  heatmap: string | null;
}

let backend: Backend;
let server: TestServer;
let projectId: string;
let iterationId: string;
let model: DetectorModel;
let picture: Buffer;

beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend);
  ({ projectId } = await makeProject(server, { kind: 'DETECTION' }));
  // Names as long as they may be, so that there is more than can be answered or kept.
  model = doubtfulDetector(['a', 'b', 'c'].map((id) => ({ id, name: '🎈'.repeat(120) })));
  iterationId = await placeDetector(backend, server, projectId, model);
  picture = (await samples(1, 3, 320))[0]?.jpeg ?? Buffer.alloc(0);
});
afterAll(async () => {
  await server.close();
  await backend.close();
});

const ask = <T>(query: string, variables: object): Promise<T> => answerOf<T>(server, query, variables);

async function predict(input: object): Promise<Result[]> {
  const query = `mutation ($input: PredictInput!) { answer: predict(input: $input) {
    results { tagId tagName probability box { left top width height } heatmap }
  } }`;
  const image = { base64: picture.toString('base64') };
  return (await ask<{ results: Result[] }>(query, { input: { projectId, image, ...input } })).results;
}

async function predictPlainly(name: string): Promise<Result[]> {
  const url = `${server.url}/v1/projects/${projectId}/predict/${encodeURIComponent(name)}`;
  const answer = await fetch(url, { method: 'POST', headers: bearer(ownerKey), body: picture });
  return ((await answer.json()) as { results: Result[] }).results;
}

const publish = `mutation ($input: PublishIterationInput!) { answer: publishIteration(input: $input) {
  name iouThreshold maxBoxes
} }`;

describe('a detector', () => {
  test('answers boxes within the picture, the most probable first, at most 200', async () => {
    const results = await predict({ iterationId });
    expect(results).toHaveLength(200);
    for (const { box, heatmap } of results) {
      expect(heatmap).toBeNull();
      if (!box) throw new Error('A result has no box.');
      expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0);
      expect(Math.max(box.left + box.width, box.top + box.height)).toBeLessThanOrEqual(1 + 1e-9);
    }
    const probabilities = results.map(({ probability }) => probability);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
    expect(overlapsOfOneTag(results)).toBeLessThanOrEqual(0.45);
  });

  test('answers the same from GraphQL, plain HTTP and the package alone', async () => {
    await ask(publish, { input: { iterationId, name: 'live' } });
    const shared = new SharedSessions();
    const predictor = await openPredictor(model, shared);
    const alone = (await predictor.predict(picture)).map(({ tagIndex, probability, box }) => {
      const { id: tagId, name: tagName } = model.tags[tagIndex] ?? {};
      return { tagId, tagName, probability, box, heatmap: null };
    });
    await predictor.release();
    await shared.release();
    expect(await predict({ publishedName: 'live' })).toEqual(alone);
    expect(await predictPlainly('live')).toEqual(alone);
  });

  test('has no heat maps', async () => {
    const results = await predict({ iterationId, explain: true });
    expect(results.some(({ heatmap }) => heatmap !== null)).toBe(false);
  });

  test('keeps of a stored answer what fits into its row', async () => {
    const answered = await predict({ iterationId, store: true });
    const list = `query ($projectId: ID!) { answer: predictions(projectId: $projectId) { nodes {
      results { tagId tagName probability box { left top width height } heatmap }
    } } }`;
    const { nodes } = await ask<{ nodes: { results: Result[] }[] }>(list, { projectId });
    const kept = nodes[0]?.results ?? [];
    expect(kept.length).toBeLessThan(200);
    expect(kept).toEqual(answered.slice(0, kept.length));
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeGreaterThan(64_000);
  });
});

test('a model of another version says so', async () => {
  const old = await placeDetector(backend, server, projectId, { ...model, viewVersion: 'old' });
  const question = { projectId, iterationId: old, image: { base64: picture.toString('base64') } };
  const { errors } = await server.send('mutation ($input: PredictInput!) { predict(input: $input) { id } }', {
    input: question,
  });
  expect(errors[0]).toMatchObject({ extensions: { code: 'MODEL_UNUSABLE' } });
  expect(errors[0]?.message).toContain('Train again.');
});

test('a stored answer becomes an image with no more regions than one may have', async () => {
  const question = { projectId, iterationId, store: true, image: { base64: picture.toString('base64') } };
  const stored = 'mutation ($input: PredictInput!) { answer: predict(input: $input) { id } }';
  const { id: predictionId } = await ask<{ id: string }>(stored, { input: question });
  const region = { tagId: 'none', left: 0, top: 0, width: 1, height: 1 };
  const add = 'mutation ($input: AddPredictionToImagesInput!) { addPredictionToImages(input: $input) { id } }';
  const { errors } = await server.send(add, { input: { predictionId, regions: Array(301).fill(region) } });
  expect(errors[0]?.message).toBe('An image may have at most 300 regions; this one comes with 301.');
});

test('storing an answer and taking it in act once under one Idempotency-Key, also by a ticket that is used up', async () => {
  const [uploadId] = await server.client.uploadFiles(projectId, [{ name: 'a.jpg', bytes: picture }]);
  const headers = { ...bearer(ownerKey), 'idempotency-key': 'stored' };
  const twice = async (query: string, variables: object) => {
    const first = await server.send(query, variables, headers);
    expect(first.errors).toEqual([]);
    expect((await server.send(query, variables, headers)).data).toEqual(first.data);
    return first.data?.['answer'] as { id: string };
  };
  const stored = 'mutation ($input: PredictInput!) { answer: predict(input: $input) { id isStored expiresAt } }';
  const input = { projectId, iterationId, store: true, image: { uploadId } };
  const { id: predictionId } = await twice(stored, { input });
  const add = 'mutation ($input: AddPredictionToImagesInput!) { answer: addPredictionToImages(input: $input) { id } }';
  await twice(add, { input: { predictionId } });
  const url = `${server.url}/v1/projects/${projectId}/predict/live?store=true`;
  await ask(publish, { input: { iterationId, name: 'live' } });
  const plainly = async () => {
    const answer = await fetch(url, { method: 'POST', headers, body: picture });
    return ((await answer.json()) as { id: string }).id;
  };
  expect(await plainly()).toBe(await plainly());
});

describe('a publication', () => {
  test('suppresses what overlaps by .45 and answers 200 boxes unless it is told otherwise', async () => {
    const input = { iterationId, name: 'usual' };
    expect(await ask(publish, { input })).toEqual({ name: 'usual', iouThreshold: 0.45, maxBoxes: 200 });
  });

  test('says which boxes are answered, until it is published anew', async () => {
    await ask(publish, { input: { iterationId, name: 'few', iouThreshold: 0.05, maxBoxes: 7 } });
    const few = await predictPlainly('few');
    expect(few).toHaveLength(7);
    expect(overlapsOfOneTag(few)).toBeLessThanOrEqual(0.05);
    await ask(publish, { input: { iterationId, name: 'few', iouThreshold: 1, maxBoxes: 9 } });
    const more = await predictPlainly('few');
    expect(more).toHaveLength(9);
    expect(overlapsOfOneTag(more)).toBeGreaterThan(0.45);
  });

  test('keeps what its name was tuned to when it moves to a new model, by either interface', async () => {
    const tuned = { iouThreshold: 0.6, maxBoxes: 11 };
    await ask(publish, { input: { iterationId, name: 'tuned', ...tuned } });
    expect(await ask(publish, { input: { iterationId, name: 'tuned', overwrite: true } })).toMatchObject(tuned);
    const path = `training/projects/${projectId}/iterations/${iterationId}/publish?publishName=tuned&predictionId=any`;
    const headers = { 'Training-Key': ownerKey };
    const answer = await fetch(`${server.url}/customvision/v3.4-preview/${path}&overwrite=true`, {
      method: 'POST',
      headers,
    });
    expect(answer.status).toBe(200);
    expect(await predictPlainly('tuned')).toHaveLength(11);
    const changed = { ...tuned, maxBoxes: 12 };
    expect(await ask(publish, { input: { iterationId, name: 'tuned', maxBoxes: 12 } })).toMatchObject(changed);
  });

  test.each(['my model', 'Größe 模型', '100%41 / b?c#d+e;f&g:h', 'x'.repeat(128), '🎈'.repeat(128)])(
    'may be called %j, which is percent-encoded in an address',
    async (name) => {
      await ask(publish, { input: { iterationId, name, maxBoxes: 2 } });
      expect(await predictPlainly(name)).toHaveLength(2);
      const path = `v3.1/prediction/${projectId}/detect/iterations/${encodeURIComponent(name)}/image/nostore`;
      const headers = { 'Prediction-Key': ownerKey };
      const answer = await fetch(`${server.url}/customvision/${path}`, { method: 'POST', headers, body: picture });
      expect(((await answer.json()) as { predictions: unknown[] }).predictions).toHaveLength(2);
    },
  );

  test.each(['', ' a', 'a ', '.', '..', 'a\nb', '\u{d800}', 'x'.repeat(129), 'İ'])(
    'is refused the name %j, which would not come through whole',
    async (name) => {
      const { errors } = await server.send(publish, { input: { iterationId, name } });
      expect(errors[0]?.extensions).toMatchObject({ code: 'INVALID', field: 'name', max: 128 });
      const query = new URLSearchParams({ publishName: name, predictionId: 'any' }).toString();
      const path = `v3.4-preview/training/projects/${projectId}/iterations/${iterationId}/publish?${query}`;
      const headers = { 'Training-Key': ownerKey };
      // What is no text at all becomes U+FFFD on the way.
      if (/\p{Cs}/u.test(name)) return;
      const answer = await fetch(`${server.url}/customvision/${path}`, { method: 'POST', headers });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'BadRequestInvalidPublishName' });
    },
  );

  test('refuses numbers that make no sense', async () => {
    for (const [field, value] of [
      ['iouThreshold', -0.1],
      ['iouThreshold', 1.5],
      ['maxBoxes', 0],
      ['maxBoxes', 201],
    ] as const) {
      const { errors } = await server.send(publish, { input: { iterationId, name: 'never', [field]: value } });
      expect(errors[0]?.extensions).toMatchObject({ code: 'INVALID', field, value });
    }
  });
});

/** The largest overlap of two boxes of one tag. */
function overlapsOfOneTag(results: Result[]): number {
  const pairs = results.flatMap((a, i) => results.slice(i + 1).map((b) => [a, b] as const));
  const overlaps = pairs.map(([a, b]) => (a.tagId === b.tagId && a.box && b.box ? iou(a.box, b.box) : 0));
  return Math.max(0, ...overlaps);
}
