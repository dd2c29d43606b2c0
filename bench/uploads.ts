import { loadavg } from 'node:os';
import type { TaglensClient } from '../cli/client.ts';
import { hasMysql } from '../tests/backends/mysql.ts';
import { hasS3 } from '../tests/backends/s3.ts';
import type { ServerProcess } from '../tests/e2e/process.ts';
import { install } from '../tests/reliability/installation.ts';
import { metricsOf, residentMegabytes } from './bench-server.ts';
import { at, printTable } from './report.ts';
import { syntheticJpeg } from './synthetic-images.ts';

const callers = 50;
const batchSize = 16;
const projectCount = 5;
const lagNames = ['mean', 'p99'].map((name) => `nodejs_eventloop_lag_${name}_seconds`);
const add = `mutation ($input: AddImagesInput!) { addImages(input: $input) { results { status message } } }`;

interface Batch {
  client: TaglensClient;
  projectId: string;
  pictures: Buffer[];
}

/** How the bytes travel: beside GraphQL, straight to the bucket, or inside it. */
const ways: Record<string, (batch: Batch) => Promise<object[]>> = {
  'tickets, PUT to the bucket': async ({ client, projectId, pictures }) => {
    const files = pictures.map((bytes, i) => ({ name: `${i}.jpg`, bytes }));
    return (await client.uploadFiles(projectId, files)).map((uploadId) => ({ uploadId }));
  },
  'base64 in addImages': ({ pictures }) =>
    Promise.resolve(pictures.map((bytes) => ({ base64: bytes.toString('base64') }))),
};

interface Measured {
  images: number;
  latencies: number[];
  seconds: number;
}

async function newProject(client: TaglensClient): Promise<{ projectId: string; tagId: string }> {
  const project = 'mutation { createProject(input: { name: "Uploads" }) { id } }';
  const { id: projectId } = (await client.request<{ createProject: { id: string } }>(project)).createProject;
  const tag = 'mutation ($input: CreateTagInput!) { createTag(input: $input) { id } }';
  const { createTag } = await client.request<{ createTag: { id: string } }>(tag, { input: { projectId, name: 'a' } });
  return { projectId, tagId: createTag.id };
}

/** Throws at the first image that is not taken in. */
async function uploadBatch(way: string, batch: Batch, tagId: string): Promise<void> {
  const sources = (await ways[way]?.(batch)) ?? [];
  const images = sources.map((source) => ({ source }));
  const input = { projectId: batch.projectId, tagIds: [tagId], images };
  const { addImages } = await batch.client.request<{
    addImages: { results: { status: string; message: string | null }[] };
  }>(add, { input });
  const refused = addImages.results.find(({ status }) => status !== 'OK');
  if (refused) throw new Error(`An image was ${refused.status}: ${refused.message}`);
}

async function measure({ client }: ServerProcess, way: string, seconds: number): Promise<Measured> {
  const projects = await Promise.all(Array.from({ length: projectCount }, () => newProject(client)));
  const latencies: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  const caller = async (index: number): Promise<void> => {
    const { projectId = '', tagId = '' } = projects[index % projectCount] ?? {};
    for (let round = 0; performance.now() < endMs; round++) {
      const seeds = Array.from({ length: batchSize }, (_, i) => `${way}/${index}/${round}/${i}`);
      const pictures = await Promise.all(seeds.map((seed) => syntheticJpeg(seed)));
      const sentMs = performance.now();
      await uploadBatch(way, { client, projectId, pictures }, tagId);
      latencies.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  const images = latencies.length * batchSize;
  return { images, latencies: latencies.sort((a, b) => a - b), seconds: (performance.now() - startedMs) / 1000 };
}

/** Fifty callers that upload at once to one API process on MariaDB and S3; any error ends the benchmark. */
export async function benchUploads({ smoke }: { smoke: boolean }): Promise<void> {
  if (!hasMysql || !hasS3)
    return console.log(
      'TAGLENS_TEST_MYSQL_URL and TAGLENS_TEST_S3_ENDPOINT are not set: skipped. See infra/servers.sh.',
    );
  const installation = await install();
  const rows: string[][] = [];
  try {
    const server = await installation.startApi();
    for (const way of Object.keys(ways)) {
      const { images, latencies, seconds } = await measure(server, way, smoke ? 5 : 60);
      const delays = await metricsOf(server.url, ...lagNames);
      rows.push([
        ...[way, `${images}`, (images / seconds).toFixed(0)],
        ...[0.5, 0.95, 0.99].map((share) => at(latencies, share).toFixed(0)),
        ...delays.map((delay) => (1000 * delay).toFixed(0)),
        `${await residentMegabytes(server.child.pid)}`,
      ]);
    }
    printTable(
      [
        ...[`${callers} callers, batches of ${batchSize}`, 'images', 'images/s', 'p50 ms', 'p95 ms', 'p99 ms'],
        ...['event loop delay, mean ms', 'p99 ms', 'resident MB'],
      ],
      rows,
    );
    console.log(`\nload average ${loadavg()[0]?.toFixed(1)}; no image was refused`);
  } finally {
    await installation.close();
  }
}
