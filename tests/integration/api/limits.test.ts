import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, makeProject, ownerKey, startServer, type TestServer } from './setup.ts';

let server: TestServer;
let closed: TestServer;

beforeAll(async () => {
  server = await startServer();
  closed = await startServer({ TAGLENS_INTROSPECTION: 'false' });
});
afterAll(async () => {
  await server.close();
  await closed.close();
});

function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  const all = { 'content-type': 'application/json', ...bearer(ownerKey), ...headers };
  return fetch(`${server.url}/graphql`, { method: 'POST', headers: all, body });
}

test('tells the cost of every request', async () => {
  const small = await server.send('{ domains { id } }');
  const large = await server.send('{ projects(first: 100) { nodes { id name } } }');
  expect(small.extensions['cost']).toBe(2);
  expect(large.extensions['cost']).toBeGreaterThan(200);
});

test('counts the regions of a page of images', async () => {
  const { projectId } = await makeProject(server);
  const query = (fields: string) =>
    `query ($id: ID!) { project(id: $id) { images(first: 20) { nodes { id ${fields} } } } }`;
  const { extensions: plain } = await server.send(query(''), { id: projectId });
  const { extensions: boxed } = await server.send(query('regions { left top width height }'), { id: projectId });
  expect(Number(boxed['cost']) - Number(plain['cost'])).toBe(20 * (1 + 10 * 4));
});

test('counts what proposing regions for an image costs, however few are asked for', async () => {
  const query = 'query ($first: Int!) { image(id: "x") { regionProposals(first: $first) { confidence } } }';
  for (const first of [-1_000, 1]) expect((await server.send(query, { first })).extensions['cost']).toBe(1 + 100 + 1);
  const page = '{ project(id: "x") { images(first: 200) { nodes { regionProposals(first: 1) { confidence } } } } }';
  expect((await server.send(page)).errors[0]?.extensions.code).toBe('QUERY_TOO_LARGE');
});

test.each([
  ['aliases', `{ ${Array.from({ length: 60 }, (_, i) => `a${i}: domains { id }`).join(' ')} }`],
  ['tokens', `{ ${'domains { id } '.repeat(2000)} }`],
  ['cost', '{ projects(first: 200) { nodes { images(first: 200) { nodes { id tags { id } } } } } }'],
])('refuses a request of too great %s', async (_what, query) => {
  const { errors, status } = await server.send(query);
  expect(status).toBe(400);
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.map(({ message }) => message).join()).toMatch(/limit|tokens/i);
});

test('refuses depth with its figure', async () => {
  let query = '{ id }';
  for (let i = 0; i < 7; i++) query = `{ publications { iteration ${query} } }`;
  const { errors } = await server.send(`{ iteration(id: "x") ${query} }`);
  expect(errors[0]).toMatchObject({
    message: 'The request has a depth of 16; the limit is 12.',
    extensions: { max: 12, value: 16 },
  });
});

const expensive = 'projects(first: 200) { nodes { images(first: 200) { nodes { id tags { id } } } } }';

test('refuses an argument that its field does not take, as part of a request whose cost cannot be told', async () => {
  const query = `query ($t: Int) { project(id: "x") { images(first: $t) { nodes { id } } } ${expensive} }`;
  const { status, errors } = await server.send(query, { t: null });
  expect(status).toBe(400);
  expect(errors[0]).toMatchObject({
    message: 'Argument "first" of non-null type "Int!" must not be null.',
    extensions: { code: 'INVALID' },
  });
});

test('refuses fragments that unfold to more fields than can be counted', async () => {
  const fragment = (level: number) =>
    `fragment f${level} on Query { ...f${level - 1} ...f${level - 1} } `.replaceAll('...f-1', '__typename');
  const fragments = Array.from({ length: 14 }, (_, level) => fragment(level)).join('');
  const { status, errors } = await server.send(`${fragments} { ...f13 ${expensive} }`);
  expect(status).toBe(400);
  expect(errors[0]).toMatchObject({
    message: 'The request has more than 10000 fields; those of a fragment count wherever it is used.',
    extensions: { code: 'QUERY_TOO_LARGE', max: 10_000 },
  });
});

test('refuses batches and requests that a foreign page could send', async () => {
  expect((await post(JSON.stringify([{ query: '{ domains { id } }' }]))).status).toBe(400);
  const simple = await post(JSON.stringify({ query: '{ domains { id } }' }), { 'content-type': 'text/plain' });
  expect(simple.status).toBeGreaterThanOrEqual(400);
  expect(simple.status).toBeLessThan(500);
});

test('answers malformed requests with 4xx', async () => {
  expect((await post('{ nonsense')).status).toBe(400);
  expect((await post('')).status).toBe(400);
  expect((await fetch(`${server.url}/no/such/thing`)).status).toBe(404);
  const { status, errors } = await server.send('{ nothing }');
  expect([status, errors[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  const wrongType = await server.send('query ($n: Int!) { projects(first: $n) { totalCount } }', { n: 'many' });
  expect(wrongType.status).toBe(400);
});

test.each([
  ['GET', '/v1/projects/p/predict/live?store=true', 'POST'],
  ['DELETE', '/graphql', 'POST, GET, HEAD'],
  ['POST', '/V1/images/i/original', 'GET, HEAD'],
])('says which methods a path takes that is asked by %s: %s', async (method, path, allowed) => {
  const response = await fetch(`${server.url}${path}`, { method });
  const message = `${path.split('?')[0]} does not accept ${method}; use ${allowed}.`;
  expect([response.status, response.headers.get('allow')]).toEqual([405, allowed]);
  expect(await response.json()).toEqual({ error: { code: 'METHOD_NOT_ALLOWED', message, allowed } });
});

test.each([
  ['application/x-www-form-urlencoded', '"application/x-www-form-urlencoded" was sent'],
  ['', 'none was sent'],
])('says which content type to send in place of «%s»', async (type, came) => {
  // A view of bytes, which fetch gives no content type of its own.
  const body = new TextEncoder().encode(JSON.stringify({ query: '{ domains { id } }' }));
  const headers = { ...bearer(ownerKey), ...(type === '' ? {} : { 'content-type': type }) };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
  const message = `The body must be sent with the header Content-Type: application/json; ${came}.`;
  expect(response.status).toBe(415);
  expect(await response.json()).toEqual({ errors: [{ message, extensions: { code: 'INVALID' } }] });
});

test('names field, limit and value of bad input', async () => {
  const { projectId } = await makeProject(server);
  const name = await server.send('mutation ($name: String!) { createProject(input: { name: $name }) { id } }', {
    name: 'x'.repeat(201),
  });
  expect(name.errors[0]?.message).toBe('name must have 1 to 200 characters; it has 201.');
  const page = await server.send('{ projects(first: 0) { totalCount } }');
  expect(page.errors[0]?.message).toBe('first must be 1 to 200; it is 0.');
  const cursor = await server.send('{ projects(after: "nonsense") { totalCount } }');
  expect(cursor.errors[0]?.message).toBe('after is not a cursor of this list.');
  const byUncertainty = `query ($id: ID!, $after: String) {
    predictions(projectId: $id, orderBy: MOST_UNCERTAIN, after: $after) { totalCount }
  }`;
  for (const place of ['1.2.3', '1e999', `${'9'.repeat(400)}`]) {
    const after = Buffer.from(`${place} 00000000-0000-4000-8000-000000000000`).toString('base64url');
    const { errors } = await server.send(byUncertainty, { id: projectId, after });
    expect([place, errors[0]?.message]).toEqual([place, 'after is not a cursor of this list.']);
  }
  const batch = await server.send(
    'mutation ($input: AddImagesInput!) { addImages(input: $input) { results { status } } }',
    {
      input: { projectId, images: Array.from({ length: 65 }, () => ({ source: { base64: 'AAAA' } })) },
    },
  );
  expect(batch.errors[0]?.message).toBe('images must have 1 to 64 items; it has 65.');
});

test('refuses names with control characters, while free text may have lines', async () => {
  const query =
    'mutation ($name: String!, $text: String!) { createProject(input: { name: $name, description: $text }) { description } }';
  const text = 'one\n\ttwo';
  expect((await server.send(query, { name: 'fine', text })).data).toEqual({ createProject: { description: text } });
  const { errors } = await server.send(query, { name: 'a\0b', text });
  expect(errors[0]).toMatchObject({
    message: 'name must not have control characters; it has U+0000.',
    extensions: { code: 'INVALID', field: 'name' },
  });
  expect((await server.send(query, { name: 'a\nb', text })).errors[0]?.extensions['value']).toBe('U+000A');
  expect((await server.send(query, { name: 'a', text: 'a\u001bb' })).errors[0]?.extensions['value']).toBe('U+001B');
});

test('refuses a search that is longer than any name', async () => {
  const { projectId: id } = await makeProject(server);
  const search = 'x'.repeat(256);
  const message = 'search must have at most 255 characters; it has 256.';
  const projects = await server.send('query ($search: String!) { projects(search: $search) { totalCount } }', {
    search,
  });
  expect(projects.errors[0]?.message).toBe(message);
  const query = 'query ($id: ID!, $s: String!) { project(id: $id) { images(filter: { search: $s }) { totalCount } } }';
  expect((await server.send(query, { id, s: search })).errors[0]?.message).toBe(message);
});

test('refuses more tags than a project may have, wherever tags are named', async () => {
  const { projectId } = await makeProject(server);
  const tagIds = Array.from({ length: 501 }, (_, i) => `tag ${i}`);
  const requests: [string, object][] = [
    ['tagImages(input: $i)', { imageIds: ['i'], tagIds }],
    ['untagImages(input: $i)', { imageIds: ['i'], tagIds }],
    ['addImages(input: $i)', { projectId, images: [{ source: {} }], tagIds }],
    ['trainIteration(input: $i)', { projectId, tagIds }],
    ['acceptSuggestions(input: $i)', { suggestionIds: ['s'], tagIds }],
  ];
  for (const [field, i] of requests) {
    const type = `${field.charAt(0).toUpperCase()}${field.slice(1, field.indexOf('('))}Input`;
    const { errors } = await server.send(
      `mutation ($i: ${type.replace('UntagImages', 'TagImages')}!) { ${field} { __typename } }`,
      { i },
    );
    expect([field, errors[0]?.message]).toEqual([field, 'tagIds must have 0 to 500 items; it has 501.']);
  }
  const images = [{ source: {}, tagIds }];
  const add = 'mutation ($i: AddImagesInput!) { addImages(input: $i) { __typename } }';
  expect((await server.send(add, { i: { projectId, images } })).errors[0]?.extensions['field']).toBe(
    'images[0].tagIds',
  );
});

test('a batch may name more tags in all than a statement takes, and is told which is unknown', async () => {
  const { projectId } = await makeProject(server);
  const images = Array.from({ length: 64 }, (_, image) => ({
    source: { base64: 'AAAA' },
    tagIds: Array.from({ length: 500 }, (_, i) => `tag ${image} ${i}`),
    regions: Array.from({ length: 300 }, (_, i) => ({ tagId: `${image} ${i}`, left: 0, top: 0, width: 1, height: 1 })),
  }));
  const add = 'mutation ($i: AddImagesInput!) { addImages(input: $i) { results { code message } } }';
  const { data, errors } = await server.send(add, { i: { projectId, images } });
  expect(errors).toEqual([]);
  const { results } = data?.['addImages'] as { results: { code: string; message: string }[] };
  expect(results.map(({ code }) => code)).toEqual(images.map(() => 'NOT_FOUND'));
  expect(results[1]?.message).toContain('tag 1 0');
});

test('an upload may be too large to be predicted, though not to be trained on', async () => {
  const { projectId } = await makeProject(server);
  const request = 'mutation ($i: RequestUploadsInput!) { requestUploads(input: $i) { id } }';
  const files = [{ name: 'a.jpg', sizeBytes: 5_000_000 }];
  const { data } = await server.send(request, { i: { projectId, files } });
  const image = { uploadId: (data?.['requestUploads'] as { id: string }[])[0]?.id };
  const predict = 'mutation ($i: PredictInput!) { predict(input: $i) { id } }';
  const { errors } = await server.send(predict, { i: { projectId, publishedName: 'any', image } });
  expect(errors[0]?.extensions).toMatchObject({ code: 'TOO_LARGE', field: 'uploadId', value: 5_000_000 });
});

test('refuses a body that is too large with the limit', async () => {
  const response = await post(`{"query":"${'x'.repeat(33 * 1024 * 1024)}"}`);
  expect(response.status).toBe(413);
  expect(await response.text()).toContain('the limit is 33554432');
});

test('without introspection it shows neither schema, suggestions nor playground', async () => {
  const schema = await closed.send('{ __schema { types { name } } }');
  expect(schema.errors.length).toBeGreaterThan(0);
  const { errors } = await closed.send('{ project { nam } projecs { totalCount } }');
  expect(JSON.stringify(errors)).not.toContain('Did you mean');
  const page = await fetch(`${closed.url}/graphql`, { headers: { accept: 'text/html' } });
  expect(page.status).toBeGreaterThanOrEqual(400);
  expect((await fetch(`${closed.url}/playground/start.js`)).status).toBe(404);
});

test('serves health, readiness and metrics to anybody', async () => {
  for (const path of ['/healthz', '/readyz']) expect((await fetch(`${server.url}${path}`)).status).toBe(200);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('taglens_iterations{status="QUEUED"} 0');
  expect(metrics).toContain('taglens_http_request_seconds_bucket');
});
