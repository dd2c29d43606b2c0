import { afterAll, beforeAll, expect, test } from 'vitest';
// Before the table of operations: it brings the shim that the decorators of our outputs need.
import { openObservedApi, owner, type ObservedApi } from './observed-api.ts';
import { rows } from '../../../api/rest/routes.ts';
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
