import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../../infra/config.ts';
import { openDatabase } from '../../../infra/database/open.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { entities } from '../../../schema/entities/index.ts';
import { newId } from '../../../schema/id.ts';
import { writeDetectionEvaluation } from '../../../workers/ml/detection-evaluation/evaluation-file.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { completedIteration } from './completed-iteration.ts';
import { makeProject, startServerOn, type TestServer } from './setup.ts';

let backend: Backend;
let server: TestServer;
let iterationId: string;
let tagIds: string[];
const imageIds = [newId(), newId(), newId()] as const;

beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend);
  const project = await makeProject(server, { tags: ['cat', 'dog'], kind: 'DETECTION' });
  tagIds = Object.values(project.tagIds);
  const database = await openDatabase(loadConfig(backend.settings).database, entities, []);
  iterationId = await completedIteration(database, project.projectId);
  await database.close();
  await server.storage.put(keys.evaluation(iterationId), evaluation());
});
afterAll(async () => {
  await server.close();
  await backend.close();
});

/** Three images: a cat that was found; a dog that was taken for a cat, with a cat too much; one that was not held out. */
function evaluation(): Buffer {
  const box = (tagIndex: number, left: number) => ({ tagIndex, left, top: 0.25, width: 0.25, height: 0.5 });
  const [cat, dog] = [0, 1];
  return writeDetectionEvaluation({
    kind: 'DETECTION',
    tags: tagIds.map((id, i) => ({ id, name: ['cat', 'dog'][i] ?? '', type: 'REGULAR' })),
    imageIds: [...imageIds],
    isTest: [false, false, false],
    measuredOn: 'OUT_OF_FOLD',
    pictures: [
      { truth: [box(cat, 0)], detected: [{ ...box(cat, 0), probability: 0.875 }] },
      {
        truth: [box(dog, 0.5)],
        detected: [
          { ...box(cat, 0.5), probability: 0.75 },
          { ...box(cat, 0), probability: 0.625 },
          { ...box(dog, 0.5), probability: 0.25 },
        ],
      },
      null,
    ],
  });
}

/** A field of the iteration. */
async function ask<T>(field: string): Promise<T> {
  const { data, errors } = await server.send(`query ($id: ID!) { iteration(id: $id) { answer: ${field} } }`, {
    id: iterationId,
  });
  expect(errors).toEqual([]);
  return (data?.['iteration'] as { answer: T }).answer;
}

test('figures count boxes at both thresholds, and give mAP at the usual overlaps', async () => {
  const fields = `{
    threshold overlapThreshold measuredOn imageCount regionCount accuracy
    precision { value } recall { value } averagePrecision { value }
    meanAveragePrecision { at30 { value } at50 { value low high } at75 { value } at50To95 { value } }
    perTag { tag { name } imageCount regionCount recall { value } averagePrecisionAt { at50 { value } } }
  }`;
  const figures = await ask<{ meanAveragePrecision: { at50: Record<string, number> } }>(`performance ${fields}`);
  expect(figures).toMatchObject({
    threshold: 0.5,
    overlapThreshold: 0.3,
    measuredOn: 'OUT_OF_FOLD',
    imageCount: 2,
    regionCount: 2,
    accuracy: 0.5,
    precision: { value: 1 / 3 },
    recall: { value: 1 / 2 },
    averagePrecision: { value: 1 },
    perTag: [
      { tag: { name: 'cat' }, imageCount: 1, regionCount: 1, recall: { value: 1 } },
      { tag: { name: 'dog' }, imageCount: 1, regionCount: 1, recall: { value: 0 } },
    ],
  });
  expect(figures.meanAveragePrecision).toMatchObject({
    at30: { value: 1 },
    at75: { value: 1 },
    at50To95: { value: 1 },
  });
  const { low = 1, value = 0, high = 0 } = figures.meanAveragePrecision.at50;
  expect([low <= value, value <= high]).toEqual([true, true]);
  expect(await ask(`performance(threshold: 0.2) { recall { value } }`)).toEqual({ recall: { value: 1 } });
});

test('images come with their boxes, and what is wrong with them', async () => {
  const box = 'box { left top width height } tag { name }';
  const fields = `nodes {
    imageId isRight actualTags { name } predictedTags { name } probabilities { probability tag { name } }
    actualBoxes { ${box} } predictedBoxes { probability ${box} }
    mistakes { kind actual { tag { name } } predicted { probability tag { name } } }
  } totalCount`;
  const { nodes, totalCount } = await ask<{ nodes: Record<string, unknown>[]; totalCount: number }>(
    `imageResults { ${fields} }`,
  );
  expect(totalCount).toBe(2);
  expect(nodes.map(({ imageId, isRight }) => [imageId, isRight])).toEqual([
    [imageIds[1], false],
    [imageIds[0], true],
  ]);
  expect(nodes[0]).toMatchObject({
    actualTags: [{ name: 'dog' }],
    predictedTags: [{ name: 'cat' }],
    probabilities: [
      { probability: 0.75, tag: { name: 'cat' } },
      { probability: 0.25, tag: { name: 'dog' } },
    ],
    actualBoxes: [{ tag: { name: 'dog' }, box: { left: 0.5, top: 0.25, width: 0.25, height: 0.5 } }],
    predictedBoxes: [{ probability: 0.75 }, { probability: 0.625, box: { left: 0 } }],
    mistakes: [
      { kind: 'CONFUSED', actual: { tag: { name: 'dog' } }, predicted: { probability: 0.75 } },
      { kind: 'EXTRA', actual: null, predicted: { probability: 0.625 } },
    ],
  });
  expect(await ask('imageResults(filter: { mistake: MISSED }) { totalCount }')).toEqual({ totalCount: 0 });
  expect(await ask('imageResults(threshold: 0.8, filter: { mistake: MISSED }) { nodes { imageId } }')).toEqual({
    nodes: [{ imageId: imageIds[1] }],
  });
});

test('the confusion matrix counts boxes, with a row for those where nothing is', async () => {
  expect(await ask('confusionMatrix { tags { name } rows }')).toEqual({
    tags: [{ name: 'cat' }, { name: 'dog' }],
    rows: [
      [1, 0, 0],
      [1, 0, 0],
      [1, 0, 0],
    ],
  });
});

test('the curve of a tag follows its boxes', async () => {
  expect(await ask(`precisionRecallCurve(tagId: "${tagIds[1]}") { threshold precision recall }`)).toEqual([
    { threshold: 0.25, precision: 1, recall: 1 },
  ]);
});

test('refuses an overlap beyond 1', async () => {
  const query = 'query ($id: ID!) { iteration(id: $id) { performance(overlapThreshold: 30) { threshold } } }';
  const { errors } = await server.send(query, { id: iterationId });
  expect(errors[0]?.extensions).toMatchObject({ code: 'INVALID', field: 'overlapThreshold', max: 1, value: 30 });
});
