import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { TaglensClient } from '../cli/client.ts';
import { iterationProgressed, type ProgressEvent } from '../cli/demo-queries.ts';
import { createProject, createTags, uploadPhotos, withTags } from '../cli/demo-steps.ts';
import type { Photo } from '../cli/photos.ts';
import { openBackbone } from '../workers/ml/backbones/backbone.ts';
import { backbones } from '../workers/ml/backbones/registry.ts';
import { extractFeatures } from '../workers/ml/features.ts';
import { startServer, type BenchServer } from './bench-server.ts';
import { findDataset, type LabelledFile } from './datasets.ts';
import { printTable } from './report.ts';

/** As many as the default of the setting TAGLENS_TRAINING_THREADS on the machine that the aims were set for. */
const threads = 2;
/** Photographs that come in between the first training and the second. */
const added = 10;

/** Decode, resize, backbone, over the same files with the same threads: what no training can do without. Milliseconds. */
export async function bareExtraction(paths: readonly string[]): Promise<number> {
  const backbone = await openBackbone(backbones['efficientnet-lite2'], { threads });
  const queue = [...paths];
  const startedMs = performance.now();
  const loop = async (): Promise<void> => {
    for (let path = queue.pop(); path !== undefined; path = queue.pop())
      await extractFeatures(backbone, await readFile(path));
  };
  await Promise.all(Array.from({ length: threads }, loop));
  return performance.now() - startedMs;
}

/** In a process of its own, so that it finds nothing warm that the training would not. */
async function bareProcess(files: readonly LabelledFile[]): Promise<number> {
  const child = fork(
    new URL('./bare-train.js', import.meta.url),
    files.map(({ path }) => path),
  );
  const [ms] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  return ms;
}

const photoOf = ({ path, tags: [tag = ''] }: LabelledFile, index: number): Photo => ({
  tag,
  name: `${index}.jpg`,
  read: () => readFile(path),
});

interface Timing {
  ms: number;
  modelSha256: string | null;
}

/** From asking for the training to the model being ready, as a client sees it. */
async function timeTraining({ url, key }: BenchServer, projectId: string, force: boolean): Promise<Timing> {
  const client = new TaglensClient(url, key);
  const start = 'mutation ($i: TrainIterationInput!) { trainIteration(input: $i) { id } }';
  const startedMs = performance.now();
  const { trainIteration } = await client.request<{ trainIteration: { id: string } }>(start, {
    i: { projectId, force },
  });
  // Followed as clients follow it: asking again and again would take the processor from the training.
  const steps = client.subscribe<ProgressEvent>(iterationProgressed, 'iterationProgressed', {
    iterationId: trainIteration.id,
  });
  for await (const { status } of steps) if (status === 'COMPLETED') break;
  const ms = performance.now() - startedMs;
  const query = 'query ($id: ID!) { iteration(id: $id) { status error modelSha256 } }';
  const { iteration } = await client.request<{
    iteration: { status: string; error: string | null; modelSha256: string | null };
  }>(query, trainIteration);
  if (iteration.status !== 'COMPLETED') throw new Error(iteration.error ?? iteration.status);
  return { ms, modelSha256: iteration.modelSha256 };
}

/** Wall time of training against the bare loop; of training again after ten more photographs; and once more, all cached. */
export async function benchTrain({ smoke }: { smoke: boolean }): Promise<void> {
  const dataset = await findDataset('clothing');
  if (!dataset) return;
  const files = smoke ? dataset.train.filter((_, i) => i % 14 === 0) : dataset.train;
  const extra = dataset.test.slice(0, added);
  const bareMs = await bareProcess(files);
  const server = await startServer({ TAGLENS_TRAINING_THREADS: String(threads) });
  try {
    const client = new TaglensClient(server.url, server.key);
    const projectId = await createProject(client, 'Bench');
    const photos = files.map(photoOf);
    const tagIds = await createTags(
      client,
      projectId,
      photos.map(({ tag }) => tag),
    );
    await uploadPhotos(client, projectId, withTags(photos, tagIds));
    const first = await timeTraining(server, projectId, false);
    const cached = await timeTraining(server, projectId, true);
    await uploadPhotos(client, projectId, withTags(extra.map(photoOf), tagIds));
    const grown = await timeTraining(server, projectId, false);
    const row = (name: string, ms: number): string[] => [name, (ms / 1000).toFixed(1), (ms / bareMs).toFixed(2)];
    printTable(
      ['what', 'seconds', 'ratio to the bare loop'],
      [
        row(`bare loop over ${files.length} photographs`, bareMs),
        row('first training (aim: 1.2 or less)', first.ms),
        row('training again, all features cached', cached.ms),
        row(`training again after ${added} more photographs`, grown.ms),
      ],
    );
    console.log(`\ntraining again against the first: ${(cached.ms / first.ms).toFixed(2)} (aim: under 0.1)`);
    if (cached.modelSha256 !== first.modelSha256) throw new Error('The cached features gave another model.');
  } finally {
    await server.stop();
  }
}
