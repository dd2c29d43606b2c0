import { Refusal, type TaglensClient, type UploadSource } from './client.ts';
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

type SizedPhoto = LabelledPhoto & UploadSource;

/** Those that the server takes, with their tickets, and what is to be said of the others. */
interface Sent {
  photos: readonly SizedPhoto[];
  uploadIds: string[];
  leftOut: string[];
}

/** One file of a wrong size has the tickets of all others refused: such files are left out and the others asked for again. */
async function sendFitting(client: TaglensClient, projectId: string, photos: readonly SizedPhoto[]): Promise<Sent> {
  try {
    return { photos, uploadIds: await client.uploadFiles(projectId, photos), leftOut: [] };
  } catch (error) {
    const max = error instanceof Refusal && error.code === 'TOO_LARGE' ? error.detail('max') : null;
    if (typeof max !== 'number') throw error;
    const fits = ({ bytes }: SizedPhoto): boolean => bytes.length >= 1 && bytes.length <= max;
    const fitting = photos.filter(fits);
    if (fitting.length === photos.length) throw error;
    const uploadIds = fitting.length === 0 ? [] : await client.uploadFiles(projectId, fitting);
    const leftOut = photos
      .filter((photo) => !fits(photo))
      .map(({ title, bytes }) => `${title}: it has ${bytes.length} bytes; an image may have 1 to ${max}`);
    return { photos: fitting, uploadIds, leftOut };
  }
}

async function addBatch(client: TaglensClient, projectId: string, batch: readonly LabelledPhoto[]): Promise<string[]> {
  const read = await Promise.all(batch.map(async (photo) => ({ ...photo, bytes: await photo.read() })));
  const { photos, uploadIds, leftOut } = await sendFitting(client, projectId, read);
  if (photos.length === 0) return leftOut;
  const images = photos.map(({ name, labels }, index) => ({
    source: { uploadId: uploadIds[index] },
    name,
    ...labels,
  }));
  const answer = await client.request<queries.AddImagesAnswer>(queries.addImages, { input: { projectId, images } });
  const refused = answer.addImages.results.flatMap(({ status, image, message }, index) =>
    image === null ? [`${photos[index]?.title}: ${message ?? status}`] : [],
  );
  return [...leftOut, ...refused];
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

/** What the photograph itself is refused for: the others may do. */
const refusalsOfPhoto = ['TOO_LARGE', 'IMAGE_REFUSED'];

/** @returns null for a photograph that the server refused */
async function answerFor(
  client: TaglensClient,
  projectId: string,
  published: string,
  { name, read }: Pick<LabelledPhoto, 'name' | 'read'>,
): Promise<queries.PredictionAnswer | null> {
  try {
    return await client.predict<queries.PredictionAnswer>(projectId, published, await read());
  } catch (error) {
    if (!(error instanceof Refusal) || !refusalsOfPhoto.includes(error.code ?? '')) throw error;
    console.log(`  not predicted: ${name}: ${error.message}`);
    return null;
  }
}

/** What a published model says of each photograph, in their order; those that it cannot be asked about are told and left out. */
export async function predictAll<P extends Pick<LabelledPhoto, 'name' | 'read'>>(
  client: TaglensClient,
  projectId: string,
  published: string,
  photos: readonly P[],
): Promise<{ photo: P; results: queries.PredictionAnswer['results'] }[]> {
  const progress = startProgress('Predicting');
  const answers: { photo: P; results: queries.PredictionAnswer['results'] }[] = [];
  try {
    for (const [index, photo] of photos.entries()) {
      const answer = await answerFor(client, projectId, published, photo);
      if (answer) answers.push({ photo, results: answer.results });
      progress.update((index + 1) / photos.length);
    }
  } finally {
    progress.stop();
  }
  return answers;
}
