import { afterAll, beforeAll, expect, test } from 'vitest';
import { iou } from '../../../workers/ml/detection/boxes.ts';
import { uncertaintyOf } from '../../../workers/ml/uncertainty.ts';
import { freshBackend, type Backend } from '../../backends/backend.ts';
import { doubtfulDetector, placeDetector } from './doubtful-detector.ts';
import { addImages, answerOf, makeProject, samples, startServerOn, type TestServer } from './setup.ts';

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Suggestion {
  id: string;
  uncertainty: number;
  results: { tagId: string; probability: number; box: Box }[];
}

let backend: Backend;
let server: TestServer;
let projectId: string;
let tagIds: Record<string, string>;
let iterationId: string;
let imageId: string | undefined;

beforeAll(async () => {
  backend = await freshBackend();
  server = await startServerOn(backend);
  ({ projectId, tagIds } = await makeProject(server, { kind: 'DETECTION', tags: ['cup', 'plate'] }));
  const model = doubtfulDetector(Object.entries(tagIds).map(([name, id]) => ({ id, name })));
  // Few boxes, so that there is room beside them.
  const suppression = { iouThreshold: 0.3, maxBoxes: 12 };
  iterationId = await placeDetector(backend, server, projectId, { ...model, suppression });
  const images = (await samples(1, 3, 320)).slice(0, 1);
  const sources = images.map(({ jpeg }) => ({ source: { base64: jpeg.toString('base64') } }));
  imageId = (await addImages(server, { projectId, images: sources }))[0]?.image?.id;
});
afterAll(async () => {
  await server.close();
  await backend.close();
});

const ask = <T>(query: string, variables: object): Promise<T> => answerOf<T>(server, query, variables);

interface Proposal {
  confidence: number;
  iterationId: string | null;
  box: Box;
}

const propose = (id: string | undefined, first: number) =>
  ask<{ regionProposals: Proposal[] }>(
    `query ($id: ID!, $first: Int!) { answer: image(id: $id) {
      regionProposals(first: $first) { confidence iterationId box { left top width height } }
    } }`,
    { id, first },
  ).then(({ regionProposals }) => regionProposals);

test('regions are proposed by the newest detector first, each place once, and then by what stands out', async () => {
  const proposals = await propose(imageId, 200);
  const detected = proposals.filter((proposal) => proposal.iterationId === iterationId);
  expect(detected.length).toBeGreaterThan(2);
  expect(proposals.slice(0, detected.length)).toEqual(detected);
  const distinct = proposals.slice(detected.length);
  expect(distinct.length).toBeGreaterThan(3);
  for (const { box, iterationId: none } of distinct) {
    expect(none).toBeNull();
    expect(Math.max(...detected.map((other) => iou(other.box, box)))).toBeLessThanOrEqual(0.5);
  }
  expect(await propose(imageId, 2)).toEqual(proposals.slice(0, 2));
  const tooMany = 'query ($id: ID!) { image(id: $id) { regionProposals(first: 201) { confidence } } }';
  expect((await server.send(tooMany, { id: imageId })).errors[0]?.extensions.code).toBe('INVALID');
});

test('what stands out is proposed without any model', async () => {
  const { projectId: untrained } = await makeProject(server, { kind: 'DETECTION' });
  const [sign] = await samples(1, 5, 320);
  const images = [{ source: { base64: sign?.jpeg.toString('base64') } }];
  const [added] = await addImages(server, { projectId: untrained, images });
  const proposals = await propose(added?.image?.id, 5);
  expect(proposals).toHaveLength(5);
  expect(new Set(proposals.map((proposal) => proposal.iterationId))).toEqual(new Set([null]));
});

test('boxes are suggested, as doubtful as the most doubtful of them, and accepted as regions', async () => {
  const suggest = `mutation ($input: SuggestTagsInput!) { answer: suggestTags(input: $input) {
    id uncertainty results { tagId probability box { left top width height } }
  } }`;
  const [suggestion] = await ask<Suggestion[]>(suggest, { input: { iterationId } });
  const results = suggestion?.results ?? [];
  const probabilities = results.map(({ probability }) => probability);
  expect(suggestion?.uncertainty).toBe(uncertaintyOf('DETECTION', probabilities));
  const threshold = probabilities[9] ?? 1;
  const input = { suggestionIds: [suggestion?.id], threshold, tagIds: [tagIds['cup']] };
  const accept = `mutation ($input: AcceptSuggestionsInput!) { answer: acceptSuggestions(input: $input) {
    id tags { name } regions { tag { id } left top width height }
  } }`;
  const cups = results.filter(({ tagId, probability }) => tagId === tagIds['cup'] && probability >= threshold);
  expect(cups.length).toBeGreaterThan(1);
  expect(await ask(accept, { input })).toEqual([
    {
      id: imageId,
      tags: [{ name: 'cup' }],
      regions: cups.map(({ tagId, box }) => ({ tag: { id: tagId }, ...box })),
    },
  ]);
  const list = `query ($iterationId: ID!) { answer: suggestions(iterationId: $iterationId) { totalCount } }`;
  expect(await ask(list, { iterationId })).toEqual({ totalCount: 0 });
});

test('what was accepted for a batch of images is taken off again by one call', async () => {
  const more = (await samples(2, 4, 320)).map(({ jpeg }) => ({ source: { base64: jpeg.toString('base64') } }));
  await addImages(server, { projectId, images: more });
  const suggest = 'mutation ($input: SuggestTagsInput!) { answer: suggestTags(input: $input) { id } }';
  const suggestionIds = (await ask<{ id: string }[]>(suggest, { input: { iterationId } })).map(({ id }) => id);
  const accept = `mutation ($input: AcceptSuggestionsInput!) { answer: acceptSuggestions(input: $input) {
    id regions { id }
  } }`;
  const input = { suggestionIds, threshold: 0.01 };
  const images = await ask<{ id: string; regions: { id: string }[] }[]>(accept, { input });
  const drawn = images.flatMap(({ regions }) => regions.map(({ id }) => id));
  expect([images.length, drawn.length > 64]).toEqual([suggestionIds.length, true]);
  const undo = 'mutation ($ids: [ID!], $imageIds: [ID!]) { answer: removeRegions(ids: $ids, imageIds: $imageIds) }';
  const imageIds = images.map(({ id }) => id);
  expect((await ask<string[]>(undo, { imageIds })).toSorted()).toEqual(drawn.toSorted());
  const look = 'query ($id: ID!) { answer: image(id: $id) { tags { id } regions { id } } }';
  for (const id of imageIds) expect(await ask(look, { id })).toEqual({ tags: [], regions: [] });
  // Untagged as before, they are asked about once more.
  expect(await ask<object[]>(suggest, { input: { iterationId } })).toHaveLength(imageIds.length);
  for (const wrong of [{}, { ids: drawn.slice(0, 1), imageIds }])
    expect((await server.send(undo, wrong)).errors[0]?.message).toBe('Give exactly one of ids and imageIds.');
});
