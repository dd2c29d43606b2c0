import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pngHeader } from '../../png-header.ts';
import { startServer as startWebServer, stopServers } from '../urls/local-server.ts';
import { makeTrainableProject, ownerKey, samples, startServer, type TestServer } from './setup.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ TAGLENS_URL_ALLOW: '127.0.0.1' });
});
afterAll(async () => {
  await server.close();
  await stopServers();
});

/** What is read of answers. */
interface Wire {
  id: string;
  name: string;
  type: string;
  status: string;
  message: string;
  domainId: string;
  precision: number;
  settings: Record<string, unknown>;
  perTagPerformance: unknown[];
  predictions: unknown[];
  results: unknown[];
  token: { continuation: string | null };
}

interface Asked {
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

/** As the clients do it: JSON is claimed always, also without a body. */
async function ask(method: string, path: string, { body, headers }: Asked = {}) {
  const key = path.includes('/prediction/') ? 'Prediction-Key' : 'Training-Key';
  const response = await fetch(`${server.url}/customvision/${path}`, {
    method,
    headers: { [key]: ownerKey, 'content-type': 'application/json; charset=utf-8', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const read = (text ? JSON.parse(text) : null) as Wire & Wire[];
  return { status: response.status, type: response.headers.get('content-type'), body: read };
}

/** General (compact), for classification. */
const compact = '0732100f-1a38-4e49-a514-c9b44c697ab5';

const nowhere = '00000000-0000-4000-8000-000000000000';

const training = (path: string): string => `v3.4-preview/training/${path}`;
const json = (value: unknown): Asked => ({ body: JSON.stringify(value) });

describe('Azure’s wire format', () => {
  it('lists domains as Azure does, whatever the letter case of the path', async () => {
    for (const path of [training('domains'), 'v3.3/Training/domains', 'v3.0/training/Domains']) {
      const { status, body, type } = await ask('GET', path);
      expect(status).toBe(200);
      expect(type).toMatch(/^application\/json/);
      expect(body.find((domain) => domain.type === 'ObjectDetection')).toMatchObject({
        id: '9c616dff-2e7d-ea11-af59-1866da359ce6',
      });
    }
  });

  it('is found below an endpoint that ends with a slash, as Azure’s portal shows them', async () => {
    const endpoint = `${server.url}/`;
    const get = (path: string, method = 'GET') =>
      fetch(`${endpoint}${path}`, { method, headers: { 'Training-Key': ownerKey } });
    const body = async (response: Response) => [response.status, await response.json()] as const;
    expect((await get('/customvision/v3.3/training/projects')).status).toBe(200);
    expect(await body(await get('/customvision/v3.3/training/nothing'))).toMatchObject([404, { code: 'NotFound' }]);
    expect((await get('/healthz')).status).toBe(200);
    expect(await body(await get('//healthz', 'PUT'))).toMatchObject([405, { error: { allowed: 'GET, HEAD' } }]);
    // Slashes of a query are its own.
    const { body: made } = await ask('POST', training('projects?name=a//b'));
    expect(made.name).toBe('a//b');
    await ask('DELETE', training(`projects/${made.id}`));
  });

  it('makes, changes and deletes a project with what the clients send', async () => {
    const made = await ask('POST', training('projects?name=My%20project&targetExportPlatforms=ONNX%2CcoreML'));
    expect(made).toMatchObject({
      status: 200,
      body: {
        name: 'My project',
        settings: { classificationType: 'Multilabel', targetExportPlatforms: ['ONNX', 'CoreML'] },
      },
    });
    const { id } = made.body;
    const told = {
      useNegativeSet: true,
      detectionParameters: null,
      imageProcessingSettings: { augmentationMethods: { rotation: true, 'horizontal flip': true, padtosquare: true } },
    };
    expect(made.body.settings).toMatchObject(told);
    // Whole objects come back, with what is only told and in whatever letter case.
    const settings = {
      ClassificationType: 'multiclass',
      domainId: made.body.settings['domainId'],
      useNegativeSet: null,
      imageProcessingSettings: { augmentationMethods: { rotation: false } },
    };
    const back = { id, Name: 'Another', description: null, settings, created: 'then' };
    const changed = await ask('PATCH', training(`projects/${id.toUpperCase()}`), json(back));
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'Another', settings: { classificationType: 'Multiclass', ...told } },
    });
    const listed = await ask('GET', training('projects'));
    expect(listed.body.map((project) => project.id)).toContain(id);
    expect(await ask('DELETE', training(`projects/${id}`))).toMatchObject({ status: 204, body: null });
    expect(await ask('GET', training(`projects/${id}`))).toMatchObject({
      status: 404,
      body: { code: 'NotFoundProject' },
    });
  });

  it('counts images by as many tags as it knows, and lists them by 20', async () => {
    const { body: project } = await ask('POST', training('projects?name=Counts'));
    const images = training(`projects/${project.id}/images`);
    const tags = (count: number) => `tagIds=${Array.from({ length: count }, () => project.id).join(',')}`;
    for (const path of ['count', 'tagged/count'])
      expect(await ask('GET', `${images}/${path}?${tags(64)}`)).toMatchObject({ status: 200, body: 0 });
    for (const path of ['', '/tagged'])
      expect(await ask('GET', `${images}${path}?${tags(21)}`)).toMatchObject({
        status: 400,
        body: { code: 'BadRequestImageTags' },
      });
  });

  it('takes the key from the query too, by any of its names, when no header has one', async () => {
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${server.url}/customvision/${path}`, { headers });
    const query = ['Training-Key', 'prediction-key', 'Ocp-Apim-Subscription-Key', 'subscription-key'];
    for (const name of query) expect((await get(training(`projects?${name}=${ownerKey}`))).status).toBe(200);
    const predict = `v3.1/prediction/${nowhere}/classify/iterations/live/image?subscription-key=${ownerKey}`;
    const asked = await fetch(`${server.url}/customvision/${predict}`, { method: 'POST', body: 'a picture' });
    expect(asked.status).toBe(404);
    expect((await get(training('projects?training-key=tl_unknown'))).status).toBe(401);
    expect((await get(training('projects?training-key='))).status).toBe(401);
    for (const header of [{ 'training-key': 'tl_unknown' }, { 'x-api-key': 'tl_unknown' }])
      expect((await get(training(`projects?training-key=${ownerKey}`), header)).status).toBe(401);
  });

  it('tells no answer a key that came in the query', async () => {
    const paths = ['projects/none', 'nothing', '%zz', 'projects/%zz', `projects/${nowhere}`, 'projects?name='];
    for (const path of paths)
      for (const method of ['GET', 'POST']) {
        const address = `${training(path)}${path.includes('?') ? '&' : '?'}training-key=${ownerKey}`;
        const answer = await fetch(`${server.url}/customvision/${address}`, { method });
        expect(answer.status).toBeLessThan(500);
        expect(await answer.text(), path).not.toContain(ownerKey);
      }
  });

  it('says what is wrong with the settings of a project', async () => {
    const { body: project } = await ask('POST', training('projects?name=Settings'));
    const detection = 'da2e3a8a-40a5-4171-82f4-58522f70fbc1';
    const wrong: [object, string][] = [
      [{ domainId: detection }, 'BadRequestProjectUnsupportedDomainTypeChange'],
      [{ classificationType: 'Several' }, 'BadRequestProjectUnknownClassification'],
      [{ targetExportPlatforms: ['ONNX', 'Abacus'] }, 'BadRequestProjectUnsupportedExportPlatform'],
    ];
    for (const [settings, code] of wrong)
      expect(await ask('PATCH', training(`projects/${project.id}`), json({ settings }))).toMatchObject({
        status: 400,
        body: { code },
      });
  });

  it('makes no project when its address for notifications is refused', async () => {
    const uri = 'ftp://example.com/queue';
    const inQuery = ask('POST', training(`projects?name=Refused&notificationQueueUri=${encodeURIComponent(uri)}`));
    const inBody = ask('POST', training('projects?name=Refused'), json({ notificationQueueUri: uri }));
    for (const answer of await Promise.all([inQuery, inBody])) {
      expect(answer).toMatchObject({ status: 400, body: { code: 'BadRequestInvalidUri' } });
      expect(answer.body.message).toContain(uri);
    }
    const { body: projects } = await ask('GET', training('projects'));
    expect(projects.map(({ name }) => name)).not.toContain('Refused');
  });

  it('keeps tags by name, one of them negative', async () => {
    const { body: project } = await ask('POST', training('projects?name=Tags'));
    const tags = training(`projects/${project.id}/tags`);
    const { body: b } = await ask('POST', `${tags}?name=b&description=second`);
    const { body: a } = await ask('POST', `${tags}?name=a&type=negative`);
    expect((await ask('GET', tags)).body).toEqual([a, b]);
    expect(a).toEqual({ id: a.id, name: 'a', description: '', type: 'Negative', imageCount: 0 });
    expect(await ask('POST', `${tags}?name=c&type=Negative`)).toMatchObject({
      status: 400,
      body: { code: 'BadRequestMultipleNegativeTag' },
    });
    expect(await ask('POST', `${tags}?name=b`)).toMatchObject({
      status: 400,
      body: { code: 'BadRequestTagNameNotUnique' },
    });
    expect(await ask('PATCH', `${tags}/${b.id}`, json({ ...b, name: 'd' }))).toMatchObject({
      status: 200,
      body: { name: 'd' },
    });
    expect(await ask('DELETE', `${tags}/${b.id}`)).toMatchObject({ status: 204 });
    expect(await ask('GET', `${tags}/${b.id}`)).toMatchObject({ status: 404, body: { code: 'NotFoundTag' } });
  });

  it('says which key is expected, and answers every refusal flat', async () => {
    const none = await ask('GET', training('projects'), { headers: { 'Training-Key': '' } });
    expect(none).toMatchObject({ status: 401, body: { code: '401' } });
    expect(none.body.message).toContain('Training-Key');
    for (const name of ['Prediction-Key', 'Ocp-Apim-Subscription-Key'])
      expect(
        await ask('GET', training('projects'), { headers: { 'Training-Key': '', [name]: ownerKey } }),
      ).toMatchObject({ status: 200 });
    expect(await ask('GET', training('nothing'))).toMatchObject({ status: 404, body: { code: 'NotFound' } });
    expect(await ask('PATCH', training('projects/x'), { body: '{' })).toMatchObject({
      status: 400,
      body: { code: 'BadRequestInvalid' },
    });
    expect(await ask('POST', training('projects?name='))).toMatchObject({
      status: 400,
      body: { code: 'BadRequestProjectName' },
    });
  });

  it('says what is wrong with what is asked about predictions', async () => {
    const { body: project } = await ask('POST', training('projects?name=Predictions'));
    const path = training(`projects/${project.id}`);
    const many = (length: number) => Array.from({ length }, () => project.id);
    const wrong: [string, string, Asked, number, string][] = [
      ['DELETE', 'predictions', {}, 400, 'BadRequestPredictionIdsMissing'],
      ['DELETE', 'predictions?ids=', {}, 400, 'BadRequestPredictionIdsMissing'],
      ['DELETE', 'predictions?ids=one', {}, 400, 'BadRequestInvalidIds'],
      ['DELETE', `predictions?ids=${many(65).join(',')}`, {}, 400, 'BadRequestPredictionIdsExceededCount'],
      ['POST', 'predictions/query', json({ maxCount: 201 }), 400, 'BadRequestPredictionResultsExceededCount'],
      [
        'POST',
        'predictions/query',
        json({ tags: many(21).map((id) => ({ id })) }),
        400,
        'BadRequestPredictionTagsExceededCount',
      ],
      ['POST', 'quicktest/image', { body: new Uint8Array(1) }, 404, 'NotFoundProjectDefaultIteration'],
    ];
    for (const [method, operation, body, status, code] of wrong)
      expect(await ask(method, `${path}/${operation}`, body)).toMatchObject({ status, body: { code } });
  });

  it('trains, publishes, predicts and keeps what was predicted', async () => {
    const projectId = await makeTrainableProject(server, 12, 3);
    const project = training(`projects/${projectId}`);
    expect(await ask('POST', `${project}/train?trainingType=Advanced&reservedBudgetInHours=100`)).toMatchObject({
      status: 400,
      body: { message: 'reservedBudgetInHours must be 0 to 24; it is 100.' },
    });
    const started = await ask('POST', `${project}/train?reservedBudgetInHours=0&forceTrain=false`);
    expect(started).toMatchObject({ status: 200, body: { status: 'Training', trainingType: 'Regular' } });
    const iteration = `${project}/iterations/${started.body.id}`;
    await expect.poll(async () => (await ask('GET', iteration)).body.status).toBe('Completed');
    expect(await ask('POST', `${project}/train`)).toMatchObject({
      status: 400,
      body: { code: 'BadRequestTrainingNotNeeded' },
    });
    const { body: figures } = await ask('GET', `${iteration}/performance?threshold=0.5`);
    expect(figures.precision).toBeGreaterThan(0.3);
    expect(figures.perTagPerformance.length).toBeGreaterThan(1);

    const { body: later } = await ask('POST', `${project}/train?forceTrain=true`);
    const listed = (await ask('GET', `${project}/iterations`)).body;
    expect(listed.map(({ id }) => id)).toEqual([started.body.id, later.id]);
    await expect
      .poll(async () => (await ask('GET', `${project}/iterations/${later.id}`)).body.status)
      .toBe('Completed');
    expect(await ask('DELETE', `${project}/iterations/${later.id}`)).toMatchObject({ status: 204 });

    const publish = `${iteration}/publish?publishName=model&predictionId=%2Fsubscriptions%2Fx`;
    expect(await ask('POST', publish)).toMatchObject({ status: 200, body: true });
    expect((await ask('GET', iteration)).body).toMatchObject({
      publishName: 'model',
      originalPublishResourceId: '/subscriptions/x',
    });
    expect(await ask('DELETE', project)).toMatchObject({
      status: 400,
      body: { code: 'BadRequestIterationIsPublished' },
    });

    const [sample] = await samples(1, 77);
    const jpeg = new Uint8Array(sample?.jpeg ?? []);
    const form = (name: string, file?: string): FormData => {
      const data = new FormData();
      data.append(name, new Blob([jpeg], { type: 'application/octet-stream' }), file);
      return data;
    };
    const address = `v3.1/prediction/${projectId}/classify/iterations/model`;
    const asked = [
      { body: jpeg, headers: { 'content-type': 'application/octet-stream' } },
      { body: jpeg, headers: { 'content-type': 'multipart/form-data' } },
    ];
    for (const one of asked) {
      const { status, body } = await ask('POST', `${address}/image/nostore`, one);
      expect(status).toBe(200);
      expect(body.predictions[0]).toMatchObject({ tagName: sample?.tag, tagType: 'Regular' });
    }
    const stored = await fetch(`${server.url}/customvision/${address}/image?application=test`, {
      method: 'POST',
      headers: { 'Prediction-Key': ownerKey },
      body: form('files[0]', 'a.jpg'),
    });
    expect(stored.status).toBe(200);
    const shapes: [[number, number], string][] = [
      [[40, 4000], 'BadRequestImageAspectRatio'],
      [[20_000, 20_000], 'BadRequestImageDimensions'],
    ];
    for (const [[width, height], code] of shapes)
      expect(
        await ask('POST', `${address}/image/nostore`, { body: new Uint8Array(pngHeader(width, height)) }),
      ).toMatchObject({
        status: 400,
        body: { code },
      });
    const detect = address.replace('classify', 'detect');
    expect(await ask('POST', `${detect}/url`, json({ Url: 'https://example.com/a.jpg' }))).toMatchObject({
      status: 400,
    });
    expect(await ask('POST', `${address.replace('/model', '/other')}/image`, asked[0])).toMatchObject({ status: 404 });

    const quick = await ask('POST', `${project}/quicktest/image?store=true`, asked[0]);
    expect(quick.body.predictions[0]).toMatchObject({ tagName: sample?.tag });
    // Bytes after the end of a JPEG are no part of the picture, but count.
    const large = new Uint8Array(5_000_000);
    large.set(jpeg);
    const picturePort = await startWebServer((_request, response) => void response.end(large));
    const largeUrl = json({ url: `http://127.0.0.1:${picturePort}/a.jpg` });
    const inBytes = { ...asked[0], body: large };
    expect(await ask('POST', `${project}/quicktest/image?store=false`, inBytes)).toMatchObject({ status: 200 });
    expect(await ask('POST', `${project}/quicktest/url?store=false`, largeUrl)).toMatchObject({ status: 200 });
    for (const [path, body] of [['image', inBytes] as const, ['url', largeUrl] as const])
      expect(await ask('POST', `${address}/${path}/nostore`, body)).toMatchObject({
        body: { code: expect.stringMatching(/BadRequestImage(SizeBytes|Url)/) as string },
      });
    const page = await ask(
      'POST',
      `${project}/predictions/query`,
      json({ orderBy: 'oldest', maxCount: 1, application: null }),
    );
    expect(page.body.results).toHaveLength(1);
    const next = await ask('POST', `${project}/predictions/query`, json(page.body.token));
    expect(next.body.results).toMatchObject([{ id: quick.body.id }]);
    expect(next.body.token.continuation).toBeNull();

    const found = async (startTime: string) =>
      (await ask('POST', `${project}/predictions/query`, json({ startTime }))).body.results.length;
    const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(0, -1);
    expect(await found(inMinutes(-1))).toBe(2);
    expect(await found(inMinutes(1))).toBe(0);
    expect(await found(`${inMinutes(5 * 60 - 1)}+05:00`)).toBe(2);
    expect(await found(`${inMinutes(-5 * 60 + 1)}-05:00`)).toBe(0);

    const trainedFor = (await ask('GET', iteration)).body.domainId;
    expect(await ask('PATCH', project, json({ settings: { domainId: compact } }))).toMatchObject({ status: 200 });
    const { body: afterwards } = await ask('POST', `${project}/predictions/query`);
    expect(afterwards.results).toMatchObject([{ domain: trainedFor }, { domain: trainedFor }]);
    expect(trainedFor).not.toBe(compact);

    const { id: storedId } = (await stored.json()) as Wire;
    const elsewhere = training(`projects/${await makeTrainableProject(server, 1, 4)}`);
    const refusals = [
      { target: elsewhere, entry: { id: storedId }, status: 'ErrorSource' },
      { target: project, entry: { id: storedId, tagIds: [projectId] }, status: 'ErrorInvalidTag' },
    ];
    for (const { target, entry, status } of refusals)
      expect(await ask('POST', `${target}/images/predictions`, json({ images: [entry] }))).toMatchObject({
        status: 207,
        body: { images: [{ status }] },
      });
    expect(await ask('POST', `${project}/images/predictions`, json({ images: [] }))).toMatchObject({ status: 400 });
    const asImages = json({ images: [{ id: storedId }, { id: projectId }] });
    const turned = await ask('POST', `${project}/images/predictions`, asImages);
    expect(turned).toMatchObject({
      status: 207,
      body: { isBatchSuccessful: false, images: [{ status: 'OK' }, { status: 'ErrorSource' }] },
    });
    const turnedByOldest = await ask('POST', `v3.0/training/projects/${projectId}/images/predictions`, asImages);
    expect(turnedByOldest).toMatchObject({ status: 200, body: { isBatchSuccessful: false } });
    expect(await ask('DELETE', `${project}/predictions?ids=${quick.body.id}`)).toMatchObject({ status: 204 });
    expect(await ask('DELETE', `${iteration}/publish`)).toMatchObject({ status: 204 });
    expect(await ask('DELETE', project)).toMatchObject({ status: 204 });
  });
});
