import { graphql, parse, subscribe, type ExecutionResult } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
// Before the table of operations: it brings the shim that the decorators of our outputs need.
import { openObservedApi, owner, type ObservedApi } from './observed-api.ts';
import { rows } from '../../../api/rest/routes.ts';
import { buildGraphqlSchema } from '../../../api/schema.ts';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { completedIteration } from './completed-iteration.ts';
import { samples } from './setup.ts';

let api: ObservedApi;
beforeAll(async () => {
  api = await openObservedApi();
});
afterAll(() => api.close());

const statementsOf = async (source: string): Promise<number> => (await api.statementsOf(source)).length;

const newProject = (name: string) =>
  api.services.projects.create(owner, {
    name,
    description: '',
    kind: 'CLASSIFICATION' as never,
    classificationType: 'MULTILABEL' as never,
    domainId: 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
  });

test('the number of statements does not grow with the list', async () => {
  const photographs = await samples(6, 71);
  const [first] = [await newProject('p0')];
  const projectId = first.id;
  const tag = await api.services.tags.create(owner, {
    projectId,
    name: 't',
    description: '',
    type: 'REGULAR' as never,
  });
  const images = photographs.map(({ jpeg }) => ({
    source: { base64: jpeg.toString('base64') },
    tagIds: [tag.id],
    regions: [],
    isTest: false,
  }));
  await api.services.images.add(owner, { projectId, tagIds: [], images });
  for (let i = 1; i < 20; i++) await newProject(`p${i}`);
  const imagesQuery = (size: number): string =>
    `{ project(id: "${projectId}") { images(first: ${size}) { nodes { id url thumbnailUrl tags { id imageCount } regions { id tag { id } } } totalCount } } }`;
  const projectsQuery = (size: number): string =>
    `{ projects(first: ${size}) { nodes { id domain { name } tags { id } publications { id } imageCount untaggedImageCount } } }`;
  expect(await statementsOf(imagesQuery(30))).toBe(await statementsOf(imagesQuery(2)));
  expect(await statementsOf(projectsQuery(20))).toBe(await statementsOf(projectsQuery(1)));
  expect(await statementsOf(projectsQuery(20))).toBeLessThan(12);

  const getProjects = rows.find(({ operation }) => operation === 'getProjects');
  const asked = { version: 'v3.4-preview', path: (name: string) => name, query: {}, body: null } as const;
  let listed: unknown;
  const forAzure = await api.statementsIn(
    async (context) => (listed = await getProjects?.call({ ...context, ...asked })),
  );
  expect(listed).toHaveLength(20);
  expect(forAzure).toHaveLength(2);
});

test('a mutation answers each field with the rows as they are after it', async () => {
  const { id } = await newProject('changed');
  const input = `input: { projectId: "${id}"`;
  const project = `updateProject(input: { id: "${id}" }) { tags { name } }`;
  const source = `mutation { before: ${project} createTag(${input}, name: "new" }) { id } after: ${project} }`;
  const schema = await buildGraphqlSchema();
  let data: unknown;
  await api.statementsIn(async (contextValue) => ({ data } = await graphql({ schema, source, contextValue })));
  expect(data).toMatchObject({ before: { tags: [] }, after: { tags: [{ name: 'new' }] } });
});

test('a subscription answers each event with the rows as they are at it', async () => {
  const { id: projectId } = await newProject('followed');
  const entityId = await completedIteration(api.database, projectId);
  const payload = { status: 'TRAINING', phase: 'FEATURES', fraction: 0, message: '' };
  const event = { topic: 'iteration.progressed', entityId, projectId, payload };
  await api.database.transact(async (manager) => {
    for (let count = 0; count < 2; count++) await appendEvent(manager, event);
  });
  const document = parse(
    `subscription { iterationProgressed(iterationId: "${entityId}") { iteration { publications { name } } } }`,
  );
  const told: unknown[] = [];
  await api.statementsIn(async (contextValue) => {
    const steps = await subscribe({ schema: await buildGraphqlSchema(), document, contextValue });
    for await (const { data } of steps as AsyncGenerator<ExecutionResult>) {
      told.push(data);
      if (told.length === 2) break;
      const publication = { iterationId: entityId, name: 'live', overwrite: false };
      await api.services.publishing.publish(owner, publication);
    }
  });
  expect(told).toEqual(
    [[], [{ name: 'live' }]].map((publications) => ({ iterationProgressed: { iteration: { publications } } })),
  );
});
