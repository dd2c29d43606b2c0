import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../../../infra/storage/keys.ts';
import { renderSamples, type Sample } from '../../../samples/render.ts';
import { readModelPackage } from '../../../workers/ml/model-package.ts';
import { openPredictor } from '../../../workers/ml/predictor.ts';
import { SharedSessions } from '../../../workers/ml/shared-sessions.ts';
import { makeDetectionProject } from '../../e2e/training-steps.ts';
import {
  keysBelow,
  addImages,
  bearer,
  makeProject,
  makeTrainableProject,
  ownerKey,
  samples,
  startServer,
  trainToEnd,
  type TestServer,
} from './setup.ts';

let server: TestServer;
let projectId: string;
let iterationId: string;
let picture: Buffer;

beforeAll(async () => {
  server = await startServer();
  projectId = await makeTrainableProject(server, 6, 81);
  iterationId = (await trainToEnd(server, projectId)).id;
  picture = (await samples(1, 82))[0]?.jpeg ?? Buffer.alloc(0);
});
afterAll(() => server.close());

async function ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
  return Object.values(await server.client.request<Record<string, T>>(query, variables))[0] as T;
}

const codeOf = async (query: string, variables: object): Promise<string | undefined> =>
  (await server.send(query, variables)).errors[0]?.extensions.code;

const train = 'mutation ($input: TrainIterationInput!) { trainIteration(input: $input) { id } }';
const publish = 'mutation ($input: PublishIterationInput!) { publishIteration(input: $input) { id iterationId } }';
const predict = `mutation ($input: PredictInput!) { predict(input: $input) {
  id iterationId publishedName isStored imageUrl durationMs results { tagId tagName probability heatmap }
} }`;

interface Answer {
  id: string;
  iterationId: string;
  imageUrl: string | null;
  results: { tagName: string; probability: number; heatmap: string | null }[];
}

test('figures come with intervals, and add up', async () => {
  const iteration = await ask<{
    status: string;
    imageCount: number;
    performance: { measuredOn: string; imageCount: number; precision: Interval; perTag: { imageCount: number }[] };
    confusionMatrix: { rows: number[][]; tags: unknown[] };
    warnings: string[];
  }>(
    `query ($id: ID!) { iteration(id: $id) {
      status imageCount warnings
      performance(threshold: 0.4) {
        threshold measuredOn imageCount accuracy logLoss expectedCalibrationError
        precision { value low high } recall { value low high } averagePrecision { value low high }
        perTag { tag { id name } imageCount precision { value } averagePrecision { value low high } }
      }
      confusionMatrix(threshold: 0.4) { tags { name } rows }
    } }`,
    { id: iterationId },
  );
  expect(iteration).toMatchObject({ status: 'COMPLETED', imageCount: 30 });
  const { performance, confusionMatrix } = iteration;
  expect(performance).toMatchObject({ measuredOn: 'OUT_OF_FOLD', imageCount: 30 });
  const { low, value, high } = performance.precision;
  expect(low).toBeLessThanOrEqual(value);
  expect(value).toBeLessThanOrEqual(high);
  expect(performance.perTag.map(({ imageCount }) => imageCount)).toEqual([6, 6, 6, 6, 6]);
  expect(confusionMatrix.rows.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual([6, 6, 6, 6, 6]);
  expect(iteration.warnings.filter((warning) => warning.includes('has 6 images; with 10 or more'))).toHaveLength(5);
});

interface Interval {
  value: number;
  low: number;
  high: number;
}

test('every image has a result, the wrong ones first, page by page', async () => {
  const query = `query ($id: ID!, $after: String) { iteration(id: $id) { imageResults(first: 8, after: $after) {
    nodes { imageId isRight image { id } actualTags { name } predictedTags { name } probabilities { probability } }
    totalCount pageInfo { endCursor hasNextPage }
  } } }`;
  const seen: { imageId: string; isRight: boolean }[] = [];
  for (let after: string | null = null, more = true; more;) {
    const iteration: {
      imageResults: { nodes: typeof seen; totalCount: number; pageInfo: { endCursor: string; hasNextPage: boolean } };
    } = await ask(query, { id: iterationId, after });
    const { imageResults } = iteration;
    seen.push(...imageResults.nodes);
    expect(imageResults.totalCount).toBe(30);
    after = imageResults.pageInfo.endCursor;
    more = imageResults.pageInfo.hasNextPage;
  }
  expect(new Set(seen.map(({ imageId }) => imageId)).size).toBe(30);
  const rights = seen.map(({ isRight }) => isRight);
  expect(rights).toEqual([...rights].sort((a, b) => Number(a) - Number(b)));
});

test('a precision-recall curve falls from the surest prediction', async () => {
  const { performance } = await ask<{ performance: { perTag: { tag: { id: string } }[] } }>(
    'query ($id: ID!) { iteration(id: $id) { performance { perTag { tag { id } } } } }',
    { id: iterationId },
  );
  const { precisionRecallCurve } = await ask<{ precisionRecallCurve: { threshold: number; recall: number }[] }>(
    'query ($id: ID!, $t: ID!) { iteration(id: $id) { precisionRecallCurve(tagId: $t) { threshold precision recall } } }',
    { id: iterationId, t: performance.perTag[0]?.tag.id },
  );
  const thresholds = precisionRecallCurve.map(({ threshold }) => threshold);
  expect(thresholds).toEqual([...thresholds].sort((a, b) => b - a));
  expect(precisionRecallCurve.at(-1)?.recall).toBe(1);
});

test('refuses a training without enough images and names the tags', async () => {
  const { projectId: poor, tagIds } = await makeProject(server, { tags: ['full', 'poor'] });
  const images = (await samples(1, 83)).map(({ jpeg }, i) => ({
    source: { base64: jpeg.toString('base64') },
    tagIds: [tagIds[i === 0 ? 'poor' : 'full']],
  }));
  await addImages(server, { projectId: poor, images });
  const { errors } = await server.send(train, { input: { projectId: poor } });
  expect(errors[0]?.message).toBe('Every tag needs at least 2 images to train on: "poor" has 1.');
  const { projectId: empty } = await makeProject(server);
  expect(await codeOf(train, { input: { projectId: empty } })).toBe('NOT_ENOUGH_IMAGES');
});

test('refuses a second training while one runs, and one that would see nothing new', async () => {
  const own = await makeTrainableProject(server, 3, 84);
  const input = { projectId: own };
  const first = await ask<{ id: string }>(train, { input });
  expect(await codeOf(train, { input })).toBe('TRAINING_RUNNING');
  expect(await codeOf('mutation ($id: ID!) { deleteProject(id: $id) }', { id: own })).toBe('TRAINING_RUNNING');
  await server.client.request('mutation ($id: ID!) { cancelIteration(id: $id) { status } }', { id: first.id });
  const status = 'query ($id: ID!) { iteration(id: $id) { status } }';
  for (let state = ''; state !== 'CANCELLED';) state = (await ask<{ status: string }>(status, { id: first.id })).status;
  // It leaves nothing behind; objects go after its row says so.
  await expect.poll(() => keysBelow(server.storage, keys.iteration(first.id))).toEqual([]);
  const done = await trainToEnd(server, own);
  expect(await codeOf(train, { input })).toBe('TRAINING_NOT_NEEDED');
  const forced = await trainToEnd(server, own, { force: true });
  expect(forced.modelSha256).toBe(done.modelSha256);
});

test('iterations are numbered on from the highest number, whatever was deleted or renamed', async () => {
  const own = await makeTrainableProject(server, 5, 84);
  const trained = async (input: object = {}): Promise<{ id: string; name: string }> => {
    const { id } = await trainToEnd(server, own, { force: true, ...input });
    return ask<{ id: string; name: string }>('query ($id: ID!) { iteration(id: $id) { id name } }', { id });
  };
  const first = await trained();
  expect([first.name, (await trained({ name: 'Iteration 2 of mine' })).name]).toEqual([
    'Iteration 1',
    'Iteration 2 of mine',
  ]);
  expect((await trained()).name).toBe('Iteration 2');
  await server.client.request('mutation ($id: ID!) { deleteIteration(id: $id) }', { id: first.id });
  expect((await trained()).name).toBe('Iteration 3');
});

test('images that cannot be read any more or are gone are left out by name, and the rest is trained', async () => {
  const own = await makeTrainableProject(server, 4, 87);
  const { images } = await ask<{ images: { nodes: { id: string }[] } }>(
    'query ($p: ID!) { project(id: $p) { images(first: 2) { nodes { id } } } }',
    { p: own },
  );
  const [damaged = '', gone = ''] = images.nodes.map(({ id }) => id);
  await server.storage.put(keys.imageOriginal(own, damaged), Buffer.from('no picture any more'));
  await server.storage.delete(keys.imageOriginal(own, gone));
  const { status, warnings } = await trainToEnd(server, own);
  expect(status).toBe('COMPLETED');
  expect(warnings.filter((warning) => warning.startsWith(`Image ${damaged} was left out: `))).toHaveLength(1);
  expect(warnings).toContain(`Image ${gone} was left out: It was deleted during the training.`);
});

test('a budget is for ADVANCED trainings, and has limits', async () => {
  const refusal = async (input: object) => (await server.send(train, { input: { projectId, ...input } })).errors[0];
  const details = { code: 'INVALID', field: 'budgetMinutes' };
  expect(await refusal({ budgetMinutes: 5 })).toMatchObject({
    message: 'budgetMinutes is for ADVANCED trainings only.',
    extensions: details,
  });
  expect(await refusal({ mode: 'ADVANCED', budgetMinutes: 0 })).toMatchObject({
    message: 'budgetMinutes must be 1 to 1440; it is 0.',
    extensions: details,
  });
});

test.each([
  ['isTiled', true],
  ['inputSize', 640],
])('%s is for detectors', async (field, value) => {
  const { errors } = await server.send(train, { input: { projectId, [field]: value } });
  expect(errors[0]).toMatchObject({
    message: `${field} is for detection projects only.`,
    extensions: { code: 'INVALID', field, value },
  });
});

test('a detector looks at a square of the size that was asked for', async () => {
  const signs: Sample[] = [];
  for await (const sign of renderSamples({ perTag: 5, seed: 83, size: 120 })) signs.push(sign);
  const own = await makeDetectionProject(server.client, signs, 0);
  const { errors } = await server.send(train, { input: { projectId: own, inputSize: 650 } });
  expect(errors[0]).toMatchObject({
    message: 'inputSize must be a multiple of 32 from 320 to 640; it is 650.',
    extensions: { code: 'INVALID', field: 'inputSize', min: 320, max: 640, value: 650 },
  });
  for (const inputSize of [288, 672])
    expect(await codeOf(train, { input: { projectId: own, inputSize } })).toBe('INVALID');
  const start = 'mutation ($input: TrainIterationInput!) { trainIteration(input: $input) { id inputSize } }';
  const started = await ask<{ id: string; inputSize: number }>(start, { input: { projectId: own, inputSize: 640 } });
  expect(started.inputSize).toBe(640);
  await ask('mutation ($id: ID!) { cancelIteration(id: $id) { id } }', { id: started.id });
});

test('a published name answers at once, moves on overwrite and goes on unpublish', async () => {
  const other = (await trainToEnd(server, projectId, { force: true, seed: 2 })).id;
  const input = { iterationId, name: 'moving' };
  const publication = await ask<{ id: string }>(publish, { input });
  const question = { projectId, publishedName: 'moving', image: { base64: picture.toString('base64') } };
  expect((await ask<Answer>(predict, { input: question })).iterationId).toBe(iterationId);
  expect(await codeOf(publish, { input: { ...input, iterationId: other } })).toBe('NAME_TAKEN');
  await ask(publish, { input: { ...input, iterationId: other, overwrite: true } });
  expect((await ask<Answer>(predict, { input: question })).iterationId).toBe(other);
  expect(await codeOf('mutation ($id: ID!) { deleteIteration(id: $id) }', { id: other })).toBe('PUBLISHED');
  await ask('mutation ($id: ID!) { unpublish(publicationId: $id) }', { id: publication.id });
  expect(await codeOf(predict, { input: question })).toBe('NOT_FOUND');
  expect(await codeOf(publish, { input: { ...input, name: ' blank at its start' } })).toBe('INVALID');
});

test('overwriting a published name fails no request', async () => {
  const other = (await trainToEnd(server, projectId, { force: true, seed: 3 })).id;
  await ask(publish, { input: { iterationId, name: 'busy' } });
  let isOver = false;
  const statuses = new Set<number>();
  const asking = (async () => {
    const url = `${server.url}/v1/projects/${projectId}/predict/busy`;
    while (!isOver)
      statuses.add((await fetch(url, { method: 'POST', headers: bearer(ownerKey), body: picture })).status);
  })();
  for (let i = 0; i < 20; i++)
    await ask(publish, { input: { iterationId: i % 2 ? iterationId : other, name: 'busy', overwrite: true } });
  isOver = true;
  await asking;
  expect([...statuses]).toEqual([200]);
});

test('every way of asking gives the prediction of the model package', async () => {
  await ask(publish, { input: { iterationId, name: 'live' } });
  const url = `${server.url}/v1/projects/${projectId}/predict/live`;
  const raw = await fetch(url, { method: 'POST', headers: bearer(ownerKey), body: picture });
  const form = new FormData();
  form.append('anything', new Blob([picture]), 'x.jpg');
  const multi = await fetch(url, { method: 'POST', headers: bearer(ownerKey), body: form });
  const asked = { projectId, iterationId, image: { base64: picture.toString('base64') } };
  const answers = [
    (await raw.json()) as Answer,
    (await multi.json()) as Answer,
    await ask<Answer>(predict, { input: asked }),
  ];
  const model = readModelPackage(await server.storage.get(keys.model(iterationId)));
  const shared = new SharedSessions();
  const results = await (await openPredictor(model, shared)).predict(picture);
  await shared.release();
  const expected = results.map(({ tagIndex, probability }) => [model.tags[tagIndex]?.name, probability]);
  for (const answer of answers)
    expect(answer.results.map(({ tagName, probability }) => [tagName, probability])).toEqual(expected);
});

test('explains itself with heat maps as PNG data URLs', async () => {
  const input = { projectId, iterationId, image: { base64: picture.toString('base64') }, explain: true };
  const { results } = await ask<Answer>(predict, { input });
  expect(results[0]?.heatmap).toMatch(/^data:image\/png;base64,iVBOR/);
});

test('stored predictions are listed, shown and become images to train on', async () => {
  const own = await makeTrainableProject(server, 3, 85);
  const { id } = await trainToEnd(server, own);
  const input = { projectId: own, iterationId: id, image: { base64: picture.toString('base64') }, store: true };
  const stored = await ask<Answer>(predict, { input });
  expect((await fetch(stored.imageUrl ?? '')).headers.get('content-type')).toBe('image/jpeg');
  const list = 'query ($p: ID!) { predictions(projectId: $p) { nodes { id results { tagName } } totalCount } }';
  expect(await ask(list, { p: own })).toMatchObject({ totalCount: 1, nodes: [{ id: stored.id }] });
  const { tags } = await ask<{ tags: { id: string; name: string }[] }>(
    'query ($p: ID!) { project(id: $p) { tags { id name } } }',
    { p: own },
  );
  const add = 'mutation ($i: AddPredictionToImagesInput!) { addPredictionToImages(input: $i) { id tags { id } } }';
  const unknown = { predictionId: stored.id, tagIds: [own] };
  expect(await codeOf(add, { i: unknown })).toBe('NOT_FOUND');
  const image = await ask<{ tags: { id: string }[] }>(add, { i: { ...unknown, tagIds: [tags[0]?.id] } });
  expect(image.tags).toEqual([{ id: tags[0]?.id }]);
  expect(await ask(list, { p: own })).toMatchObject({ totalCount: 0 });
});

test('with test images the figures come from them', async () => {
  const own = await makeTrainableProject(server, 4, 86);
  const { images } = await ask<{ images: { nodes: { id: string }[] } }>(
    'query ($p: ID!) { project(id: $p) { images { nodes { id } } } }',
    { p: own },
  );
  const imageIds = images.nodes.slice(0, 3).map(({ id }) => id);
  await ask('mutation ($i: MarkTestImagesInput!) { markTestImages(input: $i) { id } }', {
    i: { imageIds, isTest: true },
  });
  const { id } = await trainToEnd(server, own);
  const { performance } = await ask<{ performance: object }>(
    'query ($id: ID!) { iteration(id: $id) { performance { measuredOn imageCount } } }',
    { id },
  );
  expect(performance).toEqual({ measuredOn: 'TEST_IMAGES', imageCount: 3 });
});
