import { loadavg } from 'node:os';
import { IdList } from '../infra/storage/id-list.ts';
import { keys } from '../infra/storage/keys.ts';
import { hasMysql } from '../tests/backends/mysql.ts';
import type { ServerProcess } from '../tests/e2e/process.ts';
import { install, type Installation } from '../tests/reliability/installation.ts';
import { fillLargeProject, type LargeProject, type Sizes } from './large-project.ts';
import { at, printTable } from './report.ts';

const whole: Sizes = { images: 1_000_000, tags: 500, predictions: 100_000, projects: 10_000, iterations: 300 };
const short: Sizes = { images: 20_000, tags: 50, predictions: 2000, projects: 500, iterations: 20 };
const pageAimMs = 20;
const pageSize = 50;

interface Question {
  name: string;
  query: string;
  variables: Record<string, unknown>;
}

const cursorOf = (id: string): string => Buffer.from(id).toString('base64url');
const wanted = {
  page: 'nodes { id name thumbnailUrl tags { id name } } pageInfo { hasNextPage endCursor }',
  count: 'totalCount isTotalCountExact',
};

function imageQuestion(name: string, projectId: string, wanted: string, args: object): Question {
  const query = `query ($id: ID!, $first: Int!, $after: String, $filter: ImageFilterInput, $orderBy: ImageOrder! = NEWEST) {
    project(id: $id) { images(first: $first, after: $after, filter: $filter, orderBy: $orderBy) { ${wanted} } }
  }`;
  return { name, query, variables: { id: projectId, first: pageSize, ...args } };
}

/** Every filter of the list of images, by name. */
function filtersOf({ tagIds, iterationIds: [iterationId = ''] }: LargeProject): Record<string, object> {
  const tags = (...shares: number[]): string[] =>
    shares.map((share) => tagIds[Math.floor(share * (tagIds.length - 1))] ?? '');
  const ten = tags(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9);
  return {
    'no filter': {},
    tagged: { isTagged: true },
    untagged: { isTagged: false },
    'test images': { isTest: true },
    'not test images': { isTest: false },
    'untagged test images': { isTagged: false, isTest: true },
    'the commonest tag': { tagIds: tags(0) },
    'the rarest tag': { tagIds: tags(1) },
    'any of 3 tags': { tagIds: tags(0, 0.5, 1) },
    'any of 10 tags': { tagIds: ten },
    'all of 2 common tags': { tagIds: tagIds.slice(0, 2), tagMatch: 'ALL' },
    'all of 3 tags, which no image has': { tagIds: tags(0, 0.5, 1), tagMatch: 'ALL' },
    'all of 10 tags, which no image has': { tagIds: ten, tagMatch: 'ALL' },
    'name, one image in seven': { search: 'BEACH' },
    'name, one image in ten thousand': { search: 'unicorn' },
    'name, no image': { search: 'zebra' },
    'common tag, tested, by name': { tagIds: tags(0), isTest: true, search: 'shelf' },
    'of an iteration': { iterationId },
    'of an iteration, rarest tag': { iterationId, tagIds: tags(1) },
    'of an iteration, test images': { iterationId, isTest: true },
  };
}

async function pagesOf(project: LargeProject): Promise<Question[]> {
  const { projectId, tagIds } = project;
  const page = (name: string, args: object): Question => imageQuestion(name, projectId, wanted.page, args);
  const [first = '', middle = '', last = ''] = (await project.imageIdsAt([0.0005, 0.5, 0.9995])).map(cursorOf);
  const common = { filter: { tagIds: tagIds.slice(0, 1) } };
  return [
    ...Object.entries(filtersOf(project)).map(([name, filter]) => page(name, { filter })),
    page('oldest first', { orderBy: 'OLDEST' }),
    page('untagged, oldest first', { orderBy: 'OLDEST', filter: { isTagged: false } }),
    page('a page from the middle', { after: middle }),
    page('the last page', { after: first }),
    page('the last page, oldest first', { after: last, orderBy: 'OLDEST' }),
    page('the commonest tag, from the middle', { after: middle, ...common }),
    page('the commonest tag, last page', { after: first, ...common }),
  ];
}

const countsOf = (project: LargeProject): Question[] =>
  Object.entries(filtersOf(project)).map(([name, filter]) =>
    imageQuestion(name, project.projectId, wanted.count, { filter, first: 1 }),
  );

function othersOf({ projectId, iterationIds: [iterationId] }: LargeProject): Question[] {
  const ofProject = (fields: string): string => `query ($id: ID!) { project(id: $id) { ${fields} } }`;
  const predictions = (fields: string): string =>
    `query ($id: ID!, $n: String, $i: ID) { predictions(projectId: $id, publishedName: $n, iterationId: $i) { ${fields} } }`;
  const prediction = 'nodes { id publishedName results { probability } } pageInfo { endCursor }';
  const projects = (fields: string): string => `query ($search: String) { projects(search: $search) { ${fields} } }`;
  const project = 'nodes { id name imageCount untaggedImageCount } pageInfo { endCursor }';
  const question = (name: string, query: string, variables: object = {}): Question => ({
    name,
    query,
    variables: { id: projectId, ...variables },
  });
  return [
    question('nothing of the database', '{ domains { id } }'),
    question('imageCount and untaggedImageCount', ofProject('imageCount untaggedImageCount')),
    question('all tags with imageCount', ofProject('tags { id name imageCount }')),
    question('publications', ofProject('publications { id name }')),
    question('iterations', ofProject('iterations { nodes { id name status } pageInfo { endCursor } }')),
    question('iterations, totalCount', ofProject('iterations { totalCount }')),
    question('predictions', predictions(prediction)),
    question('predictions under a name', predictions(prediction), { n: 'model-1' }),
    question('predictions of an iteration', predictions(prediction), { i: iterationId }),
    question('predictions, totalCount', predictions('totalCount')),
    question('projects with counts', projects(project)),
    question('projects by name', projects(project), { search: 'shop 77' }),
    question('projects by name, none', projects(project), { search: 'zebra' }),
    question('projects by name, totalCount', projects('totalCount'), { search: 'BEACH' }),
  ];
}

const warmUps = 5;

/** Milliseconds of each answer, ascending, after some that warm up. */
async function ask({ client }: ServerProcess, { query, variables }: Question, rounds: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let round = -warmUps; round < rounds; round++) {
    const startedMs = performance.now();
    await client.request(query, variables);
    if (round >= 0) latencies.push(performance.now() - startedMs);
  }
  return latencies.sort((a, b) => a - b);
}

/** Returns the names of those that miss the aim. */
async function report(title: string, server: ServerProcess, questions: Question[], rounds: number): Promise<string[]> {
  const rows: string[][] = [];
  const late: string[] = [];
  for (const question of questions) {
    const latencies = await ask(server, question, rounds);
    rows.push([question.name, ...[0.5, 0.95, 0.99].map((share) => at(latencies, share).toFixed(1))]);
    if (at(latencies, 0.95) > pageAimMs) late.push(question.name);
  }
  console.log('');
  printTable([title, 'p50 ms', 'p95 ms', 'p99 ms'], rows);
  return late;
}

/** Half of the images took part in the training that the filter asks for. */
async function storeSnapshot({ storage }: Installation, project: LargeProject, { images }: Sizes): Promise<void> {
  const ids = await project.taggedImageIds(images / 2);
  await storage.put(keys.snapshotImages(project.iterationIds[0] ?? ''), IdList.of(ids).bytes);
}

async function makeProject({ client }: ServerProcess): Promise<string> {
  const query = 'mutation { createProject(input: { name: "Large", classificationType: MULTILABEL }) { id } }';
  return (await client.request<{ createProject: { id: string } }>(query)).createProject.id;
}

async function measure(server: ServerProcess, project: LargeProject, rounds: number): Promise<void> {
  const pages = await report('page of images', server, await pagesOf(project), rounds);
  await report('totalCount of images', server, countsOf(project), Math.ceil(rounds / 5));
  const late = [...pages, ...(await report('other lists and counts', server, othersOf(project), rounds))];
  console.log(`\nload average ${loadavg()[0]?.toFixed(1)}; later than ${pageAimMs} ms: ${late.join('; ') || 'none'}`);
}

/** Every list, filter and count of the API over HTTP, in a project of a million images on MariaDB. */
export async function benchLoad({ smoke }: { smoke: boolean }): Promise<void> {
  if (!hasMysql) return console.log('TAGLENS_TEST_MYSQL_URL is not set: skipped. See infra/servers.sh.');
  const [sizes, rounds] = smoke ? [short, 10] : [whole, 100];
  const installation = await install();
  try {
    const server = await installation.startApi({ TAGLENS_MAX_IMAGES_PER_PROJECT: String(2 * sizes.images) });
    const startedMs = performance.now();
    const url = installation.settings['TAGLENS_DATABASE_URL'] ?? '';
    const project = await fillLargeProject(url, await makeProject(server), sizes);
    try {
      await storeSnapshot(installation, project, sizes);
      console.log(`${sizes.images} images made in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
      await measure(server, project, rounds);
    } finally {
      await project.close();
    }
  } finally {
    await installation.close();
  }
}
