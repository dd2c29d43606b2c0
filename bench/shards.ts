import { loadavg } from 'node:os';
import type { TaglensClient } from '../cli/client.ts';
import { hasMysql } from '../tests/backends/mysql.ts';
import { hasTemporal } from '../tests/backends/temporal.ts';
import { install, type Installation } from '../tests/reliability/installation.ts';
import { forgetFeatures } from '../tests/reliability/training-facts.ts';
import { printTable } from './report.ts';
import { syntheticJpeg } from './synthetic-images.ts';

const tagCount = 10;
const batchSize = 64;
const uploadsAtOnce = 4;
/** General (compact), with the smaller backbone. */
const domainId = '0732100f-1a38-4e49-a514-c9b44c697ab5';

async function makeProject(client: TaglensClient): Promise<{ projectId: string; tagIds: string[] }> {
  const query = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }';
  const input = { name: 'Shards', domainId };
  const projectId = (await client.request<{ createProject: { id: string } }>(query, { input })).createProject.id;
  const tagIds: string[] = [];
  for (let i = 0; i < tagCount; i++) {
    const tag = 'mutation ($input: CreateTagInput!) { createTag(input: $input) { id } }';
    const { createTag } = await client.request<{ createTag: { id: string } }>(tag, {
      input: { projectId, name: `tag ${i}` },
    });
    tagIds.push(createTag.id);
  }
  return { projectId, tagIds };
}

/** Pictures in turns of the tags; what is learned from them does not matter to how long it takes. */
async function upload(client: TaglensClient, count: number): Promise<string> {
  const { projectId, tagIds } = await makeProject(client);
  const starts = Array.from({ length: Math.ceil(count / batchSize) }, (_, i) => i * batchSize);
  const uploader = async (): Promise<void> => {
    for (let from = starts.pop(); from !== undefined; from = starts.pop()) {
      const first = from;
      const numbers = Array.from({ length: Math.min(batchSize, count - first) }, (_, i) => first + i);
      const images = await Promise.all(
        numbers.map(async (number) => ({
          source: { base64: (await syntheticJpeg(`shards/${number}`)).toString('base64') },
          tagIds: [tagIds[number % tagCount]],
        })),
      );
      const query = 'mutation ($input: AddImagesInput!) { addImages(input: $input) { results { status } } }';
      await client.request(query, { input: { projectId, tagIds: [], images } });
    }
  };
  await Promise.all(Array.from({ length: uploadsAtOnce }, uploader));
  return projectId;
}

interface Training {
  seconds: number;
  /** Until the last feature was there; what follows runs on one worker, however many there are. */
  featureSeconds: number;
  modelSha256: string;
}

async function train(client: TaglensClient, projectId: string): Promise<Training> {
  const start = 'mutation ($i: TrainIterationInput!) { trainIteration(input: $i) { id } }';
  const query = 'query ($id: ID!) { iteration(id: $id) { status error modelSha256 progress { phase } } }';
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  const { trainIteration } = await client.request<{ trainIteration: { id: string } }>(start, {
    i: { projectId, force: true },
  });
  let featureSeconds = 0;
  for (;;) {
    const { iteration } = await client.request<{
      iteration: { status: string; error: string; modelSha256: string; progress: { phase: string } };
    }>(query, trainIteration);
    if (['SNAPSHOT', 'FEATURES'].includes(iteration.progress.phase)) featureSeconds = seconds();
    if (iteration.status === 'COMPLETED')
      return { seconds: seconds(), featureSeconds, modelSha256: iteration.modelSha256 };
    if (iteration.status === 'FAILED') throw new Error(iteration.error);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Workers of one thread each, so that two have two cores on a small machine. */
async function trainWith(
  installation: Installation,
  client: TaglensClient,
  { projectId, workers }: { projectId: string; workers: number },
): Promise<Training> {
  await forgetFeatures(installation);
  const running = await Promise.all(
    Array.from({ length: workers }, () => installation.startWorker({ TAGLENS_TRAINING_THREADS: '1' })),
  );
  try {
    return await train(client, projectId);
  } finally {
    await Promise.all(running.map((worker) => worker.end('SIGTERM')));
  }
}

/** The same training by two workers against one. */
export async function benchShards({ smoke }: { smoke: boolean }): Promise<void> {
  if (!hasMysql || !hasTemporal)
    return console.log(
      'TAGLENS_TEST_MYSQL_URL and TAGLENS_TEST_TEMPORAL_ADDRESS are not set: skipped. See infra/servers.sh.',
    );
  const count = smoke ? 200 : 20_000;
  const installation = await install();
  try {
    const { client } = await installation.startApi();
    const projectId = await upload(client, count);
    const one = await trainWith(installation, client, { projectId, workers: 1 });
    const two = await trainWith(installation, client, { projectId, workers: 2 });
    const ratio = (what: (training: Training) => number): string => (what(one) / what(two)).toFixed(2);
    printTable(
      [`${count} images`, 'seconds', 'of these for features'],
      [
        ['one worker', one.seconds.toFixed(1), one.featureSeconds.toFixed(1)],
        ['two workers', two.seconds.toFixed(1), two.featureSeconds.toFixed(1)],
        ['ratio', ratio(({ seconds }) => seconds), ratio(({ featureSeconds }) => featureSeconds)],
      ],
    );
    console.log(`\nload average ${loadavg()[0]?.toFixed(1)}`);
    if (one.modelSha256 !== two.modelSha256) throw new Error('Two workers made another model than one.');
  } finally {
    await installation.close();
  }
}
