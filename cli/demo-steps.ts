import type { TaglensClient } from './client.ts';
import * as queries from './demo-queries.ts';
import { CliError } from './errors.ts';
import type { Photo } from './photos.ts';
import { startProgress } from './progress.ts';

const uploadBatchSize = 64;

export interface Outcome {
  photo: Photo;
  predicted: string;
  probability: number;
}

export async function createProject(client: TaglensClient, name: string): Promise<string> {
  const input = { name, kind: 'CLASSIFICATION', classificationType: 'MULTICLASS' };
  const answer = await client.request<{ createProject: { id: string } }>(queries.createProject, { input });
  return answer.createProject.id;
}

export async function createTags(
  client: TaglensClient,
  projectId: string,
  photos: readonly Photo[],
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const name of new Set(photos.map(({ tag }) => tag))) {
    const input = { projectId, name };
    const answer = await client.request<{ createTag: { id: string } }>(queries.createTag, { input });
    ids.set(name, answer.createTag.id);
  }
  return ids;
}

async function addBatch(
  client: TaglensClient,
  projectId: string,
  photos: readonly Photo[],
  tagIds: Map<string, string>,
): Promise<string[]> {
  const files = await Promise.all(photos.map(async ({ name, read }) => ({ name, bytes: await read() })));
  const uploadIds = await client.uploadFiles(projectId, files);
  const images = photos.map(({ name, tag }, index) => ({
    source: { uploadId: uploadIds[index] },
    name,
    tagIds: [tagIds.get(tag)],
  }));
  const answer = await client.request<queries.AddImagesAnswer>(queries.addImages, { input: { projectId, images } });
  return answer.addImages.results.flatMap(({ status, image, message }, index) =>
    image === null ? [`${photos[index]?.tag}/${photos[index]?.name}: ${message ?? status}`] : [],
  );
}

/** Uploads by tickets, in batches. Returns a line for each photograph the server refused. */
export async function uploadPhotos(
  client: TaglensClient,
  projectId: string,
  photos: readonly Photo[],
  tagIds: Map<string, string>,
): Promise<string[]> {
  const progress = startProgress('Uploading');
  const refused: string[] = [];
  try {
    for (let start = 0; start < photos.length; start += uploadBatchSize) {
      const batch = photos.slice(start, start + uploadBatchSize);
      refused.push(...(await addBatch(client, projectId, batch, tagIds)));
      progress.update((start + batch.length) / photos.length);
    }
  } finally {
    progress.stop();
  }
  return refused;
}

async function followTraining(client: TaglensClient, iterationId: string): Promise<void> {
  const progress = startProgress('Training');
  try {
    const events = client.subscribe<queries.ProgressEvent>(queries.iterationProgressed, 'iterationProgressed', {
      iterationId,
    });
    for await (const { status, phase, fraction, message } of events) {
      if (status === 'FAILED' || status === 'CANCELLED') {
        throw new CliError(`Training ended as ${status}: ${message ?? 'no reason was given'}`);
      }
      progress.update(fraction ?? 0, phase ?? '');
      if (status === 'COMPLETED') return;
    }
  } finally {
    progress.stop();
  }
}

/** Trains a quick iteration to its end and fetches its figures. */
export async function train(
  client: TaglensClient,
  projectId: string,
): Promise<{ id: string; report: queries.IterationReport }> {
  const input = { projectId, name: 'demo', mode: 'QUICK' };
  const started = await client.request<{ trainIteration: { id: string } }>(queries.trainIteration, { input });
  const { id } = started.trainIteration;
  await followTraining(client, id);
  const { iteration } = await client.request<{ iteration: queries.IterationReport | null }>(queries.iterationReport, {
    id,
  });
  if (iteration?.status !== 'COMPLETED') {
    throw new CliError(
      `Training ended as ${iteration?.status ?? 'missing'}: ${iteration?.error ?? 'no reason was given'}`,
    );
  }
  return { id, report: iteration };
}

export async function publish(client: TaglensClient, iterationId: string, name: string): Promise<void> {
  await client.request(queries.publishIteration, { input: { iterationId, name } });
}

export async function predictAll(
  client: TaglensClient,
  projectId: string,
  published: string,
  photos: readonly Photo[],
): Promise<Outcome[]> {
  const progress = startProgress('Predicting');
  const outcomes: Outcome[] = [];
  try {
    for (const photo of photos) {
      const { results } = await client.predict<queries.PredictionAnswer>(projectId, published, await photo.read());
      const [best] = results;
      outcomes.push({ photo, predicted: best?.tagName ?? 'none', probability: best?.probability ?? 0 });
      progress.update(outcomes.length / photos.length);
    }
  } finally {
    progress.stop();
  }
  return outcomes;
}
