import { regionLabels, renderBoxedPhotos } from '../../cli/boxed-photos.ts';
import type { TaglensClient } from '../../cli/client.ts';
import { createProject, createTags, publish, uploadPhotos } from '../../cli/demo-steps.ts';
import { trainToEnd } from '../integration/api/setup.ts';
import type { World } from './world.ts';

const perTag = 7;
const tagCount = 2;

/** Judged on photographs held back, which saves the trainings of the folds. */
export async function publishDetector(client: TaglensClient): ReturnType<World['detector']> {
  const all = await renderBoxedPhotos(perTag, () => undefined);
  const known = [...new Set(all.flatMap(({ boxes }) => boxes.map(({ tag }) => tag)))].slice(0, tagCount);
  const photos = all.filter(({ boxes }) => boxes.every(({ tag }) => known.includes(tag)));
  const projectId = await createProject(client, 'Boxes for all clients', 'DETECTION');
  const tagIds = await createTags(client, projectId, known);
  await uploadPhotos(
    client,
    projectId,
    photos.map((photo) => ({ ...photo, title: photo.name, labels: regionLabels(photo, tagIds) })),
  );
  const { id } = await trainToEnd({ client }, projectId);
  await publish(client, id, 'boxes');
  return { projectId, publishedName: 'boxes', jpeg: (await photos[0]?.read()) ?? Buffer.alloc(0) };
}
