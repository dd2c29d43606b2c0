import type { TaglensClient } from './client.ts';
import * as queries from './demo-queries.ts';
import { CliError } from './errors.ts';
import type { Photo } from './photos.ts';
import { startProgress } from './progress.ts';

const uploadBatchSize = 64;

export type ProjectKind = 'CLASSIFICATION' | 'DETECTION';

/** What is sent, with what is known of it: its tags or regions. */
export interface LabelledPhoto {
  title: string;
  name: string;
  read: () => Promise<Buffer>;
  labels: { tagIds?: string[]; regions?: object[]; isTest?: boolean };
}

export async function createProject(
  client: TaglensClient,
  name: string,
  kind: ProjectKind = 'CLASSIFICATION',
  classificationType: 'MULTICLASS' | 'MULTILABEL' = 'MULTICLASS',
): Promise<string> {
  const input = { name, kind, ...(kind === 'CLASSIFICATION' ? { classificationType } : {}) };
  const answer = await client.request<{ createProject: { id: string } }>(queries.createProject, { input });
  return answer.createProject.id;
}

export async function createTag(
  client: TaglensClient,
  tag: { projectId: string; name: string; type?: 'NEGATIVE' },
): Promise<string> {
  const answer = await client.request<{ createTag: { id: string } }>(queries.createTag, { input: tag });
  return answer.createTag.id;
}

/** Ids by name. */
export async function createTags(
  client: TaglensClient,
  projectId: string,
  names: Iterable<string>,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const name of new Set(names)) ids.set(name, await createTag(client, { projectId, name }));
  return ids;
}

/** Photographs of one tag each, to be sent with it. */
export const withTags = (photos: readonly Photo[], tagIds: Map<string, string>): LabelledPhoto[] =>
  photos.map(({ name, tag, read }) => ({
    title: `${tag}/${name}`,
    name,
    read,
    labels: { tagIds: [tagIds.get(tag) ?? ''] },
  }));

async function addBatch(client: TaglensClient, projectId: string, photos: readonly LabelledPhoto[]): Promise<string[]> {
  const files = await Promise.all(photos.map(async ({ name, read }) => ({ name, bytes: await read() })));
  const uploadIds = await client.uploadFiles(projectId, files);
  const images = photos.map(({ name, labels }, index) => ({
    source: { uploadId: uploadIds[index] },
    name,
    ...labels,
  }));
  const answer = await client.request<queries.AddImagesAnswer>(queries.addImages, { input: { projectId, images } });
  return answer.addImages.results.flatMap(({ status, image, message }, index) =>
    image === null ? [`${photos[index]?.title}: ${message ?? status}`] : [],
  );
}

/** Uploads by tickets, in batches; says which the server refused. */
export async function uploadPhotos(
  client: TaglensClient,
  projectId: string,
  photos: readonly LabelledPhoto[],
): Promise<void> {
  const progress = startProgress('Uploading');
  const refused: string[] = [];
  try {
    for (let start = 0; start < photos.length; start += uploadBatchSize) {
      const batch = photos.slice(start, start + uploadBatchSize);
      refused.push(...(await addBatch(client, projectId, batch)));
      progress.update((start + batch.length) / photos.length);
    }
  } finally {
    progress.stop();
  }
  if (refused.length === photos.length) throw new CliError(`Every image was refused: ${refused[0] ?? ''}`);
  for (const line of refused) console.log(`  not added: ${line}`);
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

/** What a published model says of each photograph, in their order. */
export async function predictAll<P extends { read: () => Promise<Buffer> }>(
  client: TaglensClient,
  projectId: string,
  published: string,
  photos: readonly P[],
): Promise<{ photo: P; results: queries.PredictionAnswer['results'] }[]> {
  const progress = startProgress('Predicting');
  const answers: { photo: P; results: queries.PredictionAnswer['results'] }[] = [];
  try {
    for (const photo of photos) {
      const { results } = await client.predict<queries.PredictionAnswer>(projectId, published, await photo.read());
      answers.push({ photo, results });
      progress.update(answers.length / photos.length);
    }
  } finally {
    progress.stop();
  }
  return answers;
}
