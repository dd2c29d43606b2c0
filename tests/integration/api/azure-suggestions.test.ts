import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addImages,
  makeTrainableProject,
  ownerKey,
  samples,
  startServer,
  trainToEnd,
  type TestServer,
} from './setup.ts';

interface Suggested {
  id: string;
  project: string;
  iteration: string;
  predictions: { tagId: string; tagType: string; probability: number }[];
  predictionUncertainty: number;
  width: number;
  thumbnailUri: string;
  domain: string;
}

interface Token {
  session: string | null;
  continuation: string | null;
  maxCount: number;
  sortBy?: string;
}

let server: TestServer;
let projectId: string;
let iterationId: string;
let imageIds: string[];

beforeAll(async () => {
  server = await startServer();
  projectId = await makeTrainableProject(server, 4, 71);
  iterationId = (await trainToEnd(server, projectId)).id;
  const images = (await samples(1, 72)).map(({ jpeg }) => ({ source: { base64: jpeg.toString('base64') } }));
  imageIds = (await addImages(server, { projectId, images })).map(({ image }) => image?.id ?? '');
});
afterAll(() => server.close());

/** As the clients do it: an empty body is called JSON too. */
async function post<T>(path: string, body?: object): Promise<{ status: number; body: T }> {
  const response = await fetch(`${server.url}/customvision/v3.4-preview/training/projects/${projectId}/${path}`, {
    method: 'POST',
    headers: { 'Training-Key': ownerKey, 'content-type': 'application/json; charset=utf-8' },
    body: body ? JSON.stringify(body) : '',
  });
  return { status: response.status, body: (await response.json()) as T };
}

const suggest = (ids: string[]) =>
  post<Suggested[]>(`tagsandregions/suggestions?iterationId=${iterationId}&imageIds=${ids.join(',')}`);
const query = (token: object) =>
  post<{ token: Token; results: Suggested[] }>(`images/suggested?iterationId=${iterationId}`, token);

describe('Azure’s suggestions', () => {
  test('are made for images, under whose ids they come', async () => {
    const { status, body } = await suggest(imageIds.map((id) => id.toUpperCase()));
    expect(status).toBe(200);
    expect(body.map(({ id }) => id)).toEqual(imageIds);
    for (const { project, iteration, predictions, predictionUncertainty } of body) {
      expect({ project, iteration }).toEqual({ project: projectId, iteration: iterationId });
      expect(predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 4);
      expect(predictionUncertainty).toBeGreaterThan(0);
      expect(predictions.every(({ tagType }) => tagType === 'Regular')).toBe(true);
    }
  });

  test('are listed either way, with what a token says', async () => {
    const start = { tagIds: [], threshold: 0, session: null, continuation: null, maxCount: 2 };
    const found: Suggested[] = [];
    let token: Token = start;
    do {
      const { status, body } = await query({ ...token, SortBy: 'uncertaintyascending' });
      expect(status).toBe(200);
      expect(body.token).toMatchObject({ maxCount: 2, sortBy: 'UncertaintyAscending' });
      if (token.session) expect(body.token.session).toBe(token.session);
      found.push(...body.results);
      token = body.token;
    } while (token.continuation);
    expect(found.map(({ id }) => id).toSorted()).toEqual(imageIds.toSorted());
    const uncertainties = found.map(({ predictionUncertainty }) => predictionUncertainty);
    expect(uncertainties).toEqual(uncertainties.toSorted((a, b) => a - b));
    const { body } = await query({ maxCount: 0, sortBy: 'UncertaintyDescending' });
    expect(body.results).toHaveLength(imageIds.length);
    expect(body.results.map(({ predictionUncertainty }) => predictionUncertainty)).toEqual(uncertainties.toReversed());
    const usual = (await query({ sortBy: null })).body;
    expect(usual.token.sortBy).toBe('UncertaintyAscending');
    expect(usual.results.map(({ id }) => id)).toEqual(found.map(({ id }) => id));
    expect(found[0]).toMatchObject({ width: 120 });
    expect((await fetch(found[0]?.thumbnailUri ?? '')).status).toBe(200);
  });

  test('are counted by tag from a probability on, as they are listed', async () => {
    const tagIds = (await query({})).body.results.map(({ predictions }) => predictions[0]?.tagId ?? '');
    const filter = { tagIds: [...new Set(tagIds)], threshold: 0.3 };
    const { status, body } = await post<Record<string, number>>(
      `images/suggested/count?iterationId=${iterationId}`,
      filter,
    );
    expect(status).toBe(200);
    expect(Object.keys(body).toSorted()).toEqual(filter.tagIds.toSorted());
    for (const [tagId, count] of Object.entries(body))
      expect((await query({ tagIds: [tagId], threshold: 0.3 })).body.results).toHaveLength(count);
    expect(Object.values(body).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });

  test('name the domain that the iteration was trained for, whatever the project has now', async () => {
    const [before] = (await query({})).body.results;
    const update = 'mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { domainId } }';
    const domainId = '0732100f-1a38-4e49-a514-c9b44c697ab5';
    await server.client.request(update, { input: { id: projectId, domainId } });
    expect((await query({})).body.results[0]?.domain).toBe(before?.domain);
    expect(before?.domain).not.toBe(domainId);
  });

  test('are asked for by any GUID, which need not have the bits of a version', async () => {
    const { status, body } = await query({ tagIds: ['9C616DFF-2E7D-EA11-AF59-1866DA359CE6'] });
    expect(status).toBe(200);
    expect(body.results).toEqual([]);
  });

  test('are refused in Azure’s words', async () => {
    expect(await suggest(['00000000-0000-4000-8000-000000000000'])).toMatchObject({
      status: 404,
      body: { code: 'NotFoundImage' },
    });
    const elsewhere = await post(`images/suggested?iterationId=00000000-0000-4000-8000-000000000000`, {});
    expect(elsewhere).toMatchObject({ status: 404, body: { code: 'NotFoundIteration' } });
    expect((await query({ continuation: 'x' })).status).toBe(400);
    expect((await query({ threshold: 2 })).status).toBe(400);
    expect((await suggest([])).status).toBe(400);
  });
});

test('Azure’s region proposals of an image', async () => {
  const imageId = imageIds[0] ?? '';
  const { status, body } = await post<{ proposals: { confidence: number; boundingBox: Record<string, number> }[] }>(
    `images/${imageId}/regionproposals`,
  );
  expect(status).toBe(200);
  expect(body).toMatchObject({ projectId, imageId });
  expect(body.proposals.length).toBeGreaterThan(0);
  for (const { confidence, boundingBox } of body.proposals) {
    expect(confidence).toBeGreaterThan(0);
    expect(Object.keys(boundingBox)).toEqual(['left', 'top', 'width', 'height']);
  }
});
