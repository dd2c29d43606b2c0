import { z } from 'zod';
import { DomainError, notFound } from '../../errors.ts';
import { maxTagIds, type ImageListArgs } from '../../features/images/image.input.ts';
import type { Image } from '../../../schema/entities/image.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import { ImageOrder, TagMatch } from '../../../schema/enums.ts';
import { Answer, row, type Row, type RowRequest } from '../row.ts';
import { skipPages } from '../wire/all-pages.ts';
import { imageModel, mostIds, mostTagIds } from '../wire/image-models.ts';
import { wireImages } from '../wire/images.ts';
import { readMetadataFilter } from '../wire/metadata-filter.ts';
import { csv, paging, uuid } from '../wire/query.ts';

const about = { api: 'training', subject: 'Image' } as const;
const images = 'projects/{projectId}/images';

const taggingStatuses = ['All', 'Tagged', 'Untagged'] as const;
type TaggingStatus = (typeof taggingStatuses)[number];

const inIteration = { iterationId: uuid().optional() };
const byMetadata = { $filter: z.string().max(2000).optional() };
const byTags = { tagIds: csv(uuid(), mostTagIds).optional() };
/** Azure states its limit for lists only. */
const countedByTags = { tagIds: csv(uuid(), maxTagIds).optional() };
const ordered = { orderBy: z.enum(['Newest', 'Oldest']).optional(), ...paging };

type Asked = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;

/** What Azure's lists and counts of images are asked by. */
interface Wanted {
  iterationId?: string | undefined;
  tagIds?: string[] | undefined;
  orderBy?: 'Newest' | 'Oldest' | undefined;
  $filter?: string | undefined;
}

const snapshotNote = 'With an iteration: the images that it was trained on, with their current tags.';

export const imageRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getImages',
    since: 'v3.3',
    method: 'GET',
    path: images,
    summary: 'Images of a project, by tags and tagging status.',
    query: z.object({
      ...inIteration,
      ...byTags,
      taggingStatus: z.enum(taggingStatuses).optional(),
      ...byMetadata,
      ...ordered,
    }),
    answer: z.array(imageModel),
    note: `Images with any of the tags. ${snapshotNote} A $filter compares metadata names with values in single quotes (doubled to include one) by eq and ne; and, or and parentheses combine comparisons. An image without the name is ne to every value.`,
    call: (request) => listImages(request, request.query.taggingStatus ?? 'All', request.query),
  }),
  row({
    ...about,
    operation: 'getTaggedImages',
    method: 'GET',
    path: `${images}/tagged`,
    summary: 'Images that have a tag.',
    query: z.object({ ...inIteration, ...byTags, ...ordered }),
    answer: z.array(imageModel),
    call: (request) => listImages(request, 'Tagged', request.query),
  }),
  row({
    ...about,
    operation: 'getUntaggedImages',
    method: 'GET',
    path: `${images}/untagged`,
    summary: 'Images without a tag.',
    query: z.object({ ...inIteration, ...ordered }),
    answer: z.array(imageModel),
    call: (request) => listImages(request, 'Untagged', request.query),
  }),
  row({
    ...about,
    operation: 'getImageCount',
    since: 'v3.3',
    method: 'GET',
    path: `${images}/count`,
    summary: 'The number of images, by tags and tagging status.',
    query: z.object({
      ...inIteration,
      taggingStatus: z.enum(taggingStatuses).optional(),
      ...byMetadata,
      ...countedByTags,
    }),
    answer: z.int(),
    note: `Counts take at most ${maxTagIds} tags; lists at most ${mostTagIds}, as in Azure.`,
    call: (request) => countImages(request, request.query.taggingStatus ?? 'All', request.query),
  }),
  row({
    ...about,
    operation: 'getTaggedImageCount',
    method: 'GET',
    path: `${images}/tagged/count`,
    summary: 'The number of images that have a tag.',
    query: z.object({ ...inIteration, ...countedByTags }),
    answer: z.int(),
    call: (request) => countImages(request, 'Tagged', request.query),
  }),
  row({
    ...about,
    operation: 'getUntaggedImageCount',
    method: 'GET',
    path: `${images}/untagged/count`,
    summary: 'The number of images without a tag.',
    query: z.object(inIteration),
    answer: z.int(),
    call: (request) => countImages(request, 'Untagged', request.query),
  }),
  row({
    ...about,
    operation: 'getImagesByIds',
    method: 'GET',
    path: `${images}/id`,
    summary: 'Images by their ids, in the requested order.',
    query: z.object({ imageIds: csv(uuid(), mostIds), ...inIteration }),
    answer: z.array(imageModel),
    call: async (request) => {
      const project = await projectOf(request);
      return wireImages(request, project.kind, await imagesOf(request, project, request.query.imageIds));
    },
  }),
  row({
    ...about,
    operation: 'deleteImages',
    method: 'DELETE',
    path: images,
    summary: 'Deletes images, by their ids or all of them.',
    query: z.object({
      imageIds: csv(uuid(), mostIds).optional(),
      allImages: z.boolean().default(false),
      allIterations: z.boolean().default(false),
    }),
    success: [204, 202],
    answer: null,
    note: 'What iterations were trained on stays known even though the images are gone. Deleting all images at once requires a key of the role TRAINER or OWNER.',
    call: async (request) => {
      const { imageIds, allImages, allIterations } = request.query;
      const project = await projectOf(request);
      if (allImages) await request.services.images.deleteAll(request.caller, project.id);
      else await deleteSome(request, project, imageIds ?? []);
      return new Answer(allImages || allIterations ? 202 : 204);
    },
  }),
];

function projectOf({ caller, services, path }: Asked): Promise<Project> {
  return services.projects.get(caller, 'read', path('projectId'));
}

function listArgs(
  status: TaggingStatus,
  { iterationId, tagIds, orderBy, $filter }: Wanted,
): Pick<ImageListArgs, 'filter' | 'orderBy'> {
  return {
    orderBy: orderBy === 'Oldest' ? ImageOrder.OLDEST : ImageOrder.NEWEST,
    filter: {
      tagMatch: TagMatch.ANY,
      ...(status === 'All' ? {} : { isTagged: status === 'Tagged' }),
      ...(tagIds?.length ? { tagIds } : {}),
      ...(iterationId === undefined ? {} : { iterationId }),
      ...($filter ? { metadata: readMetadataFilter($filter) } : {}),
    },
  };
}

async function listImages(
  request: Asked,
  status: TaggingStatus,
  { take, skip, ...wanted }: Wanted & { take: number; skip: number },
) {
  const { caller, services } = request;
  const project = await projectOf(request);
  const args = listArgs(status, wanted);
  const rows = await skipPages((page) => services.images.list(caller, project.id, { ...args, ...page }), skip, take);
  return wireImages(request, project.kind, rows);
}

/** Azure's answer has no word for «at least»: it is counted to the end. */
function countImages({ caller, services, path }: Asked, status: TaggingStatus, wanted: Wanted): Promise<number> {
  return services.images.count(caller, path('projectId'), listArgs(status, wanted));
}

/** @throws DomainError NOT_FOUND for one that the project does not have */
export async function imagesOf(
  { loaders }: Asked,
  { id: projectId }: Project,
  ids: readonly string[],
): Promise<Image[]> {
  const rows = await loaders.image.loadMany([...ids]);
  return rows.map((found, i) => {
    if (found instanceof Error) throw found;
    if (found?.projectId !== projectId) throw notFound('image of this project', ids[i] ?? '');
    return found;
  });
}

const atOnce = 64;

async function deleteSome(request: Asked, project: Project, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) {
    const message = 'Either imageIds or allImages=true must be given.';
    throw new DomainError('INVALID', message, { field: 'imageIds' });
  }
  await imagesOf(request, project, ids);
  for (let at = 0; at < ids.length; at += atOnce)
    await request.services.images.delete(request.caller, { imageIds: ids.slice(at, at + atOnce) });
}
