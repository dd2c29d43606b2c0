import { TaglensClient } from '../../cli/client.ts';
import { startEmptyServer } from '../bench-server.ts';
import type { OneMeasured, ServerSettings } from './case.ts';

const uploadBatchSize = 64;

/** Longer than any ADVANCED training here: a schedule that is cut short on a busy machine would be another one. */
export const ampleMinutes = 240;

/** Trains once with each seed on a server as users run it. */
export async function* measureInProduct(
  seeds: readonly number[],
  settings: ServerSettings,
  measureOne: (client: TaglensClient, seed: number) => Promise<OneMeasured>,
): AsyncIterable<OneMeasured> {
  const server = await startEmptyServer(settings);
  const client = new TaglensClient(server.url, server.key);
  try {
    for (const seed of seeds) yield await measureOne(client, seed);
  } finally {
    await server.stop();
  }
}

export async function createProject(client: TaglensClient, input: Record<string, unknown>): Promise<string> {
  const query = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }';
  return (await client.request<{ createProject: { id: string } }>(query, { input })).createProject.id;
}

/** A photograph with what is to be known of it: `tagIds`, `regions`, `isTest`. */
export interface UploadedFile {
  name: string;
  read: () => Promise<Buffer>;
  facts: Record<string, unknown>;
}

/** @throws when one of them was refused: figures must not quietly rest on fewer photographs */
export async function addImages(
  client: TaglensClient,
  projectId: string,
  files: readonly UploadedFile[],
): Promise<void> {
  const query = 'mutation ($input: AddImagesInput!) { addImages(input: $input) { results { status message } } }';
  for (let start = 0; start < files.length; start += uploadBatchSize) {
    const batch = files.slice(start, start + uploadBatchSize);
    const bodies = await Promise.all(batch.map(async ({ name, read }) => ({ name, bytes: await read() })));
    const uploadIds = await client.uploadFiles(projectId, bodies);
    const images = batch.map(({ facts }, i) => ({
      source: { uploadId: uploadIds[i] },
      name: bodies[i]?.name,
      ...facts,
    }));
    const { addImages: added } = await client.request<{
      addImages: { results: { status: string; message: string | null }[] };
    }>(query, { input: { projectId, images } });
    const refused = added.results.find(({ status }) => status === 'REFUSED');
    if (refused) throw new Error(`A photograph was refused: ${refused.message}`);
  }
}

interface Trained {
  id: string;
  minutes: number;
}

/** Follows the training as clients do. */
export async function train(client: TaglensClient, input: Record<string, unknown>): Promise<Trained> {
  const start = 'mutation ($input: TrainIterationInput!) { trainIteration(input: $input) { id } }';
  const follow =
    'subscription ($iterationId: ID!) { iterationProgressed(iterationId: $iterationId) { eventId status message } }';
  const startedMs = performance.now();
  const { trainIteration } = await client.request<{ trainIteration: { id: string } }>(start, { input });
  const events = client.subscribe<{ eventId: string; status: string; message: string }>(follow, 'iterationProgressed', {
    iterationId: trainIteration.id,
  });
  for await (const { status, message } of events)
    if (status === 'FAILED' || status === 'CANCELLED') throw new Error(`The training ended as ${status}: ${message}`);
  return { id: trainIteration.id, minutes: (performance.now() - startedMs) / 60_000 };
}
