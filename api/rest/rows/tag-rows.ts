import { z } from 'zod';
import { notFound } from '../../errors.ts';
import type { TrainedTagCount } from '../../features/tags/snapshot-tags.ts';
import type { Tag } from '../../../schema/entities/tag.entity.ts';
import { TagType } from '../../../schema/enums.ts';
import { row, type Row, type RowRequest } from '../row.ts';
import { tagChanges, tagModel, tagTypes } from '../wire/models.ts';
import { uuid } from '../wire/query.ts';
import { wireTagType } from '../wire/tag-type.ts';

type WireTag = z.input<typeof tagModel>;

const about = { api: 'training', subject: 'Tag' } as const;
const inIteration = z.object({ iterationId: uuid().optional() });

export const tagRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getTags',
    method: 'GET',
    path: 'projects/{projectId}/tags',
    summary: 'The tags of a project, by name; with an iteration, the tags as it was trained on them.',
    query: inIteration,
    answer: z.array(tagModel),
    call: (request) => listTags(request, request.query.iterationId),
  }),
  row({
    ...about,
    operation: 'createTag',
    method: 'POST',
    path: 'projects/{projectId}/tags',
    summary: 'Creates a tag.',
    query: z.object({
      name: z.string(),
      description: z.string().optional(),
      type: z.enum(tagTypes).optional(),
    }),
    answer: tagModel,
    note: 'A GeneralProduct tag is created as a regular one: products on shelves are detected like anything else.',
    call: async ({ caller, services, path, query: { name, description = '', type } }) => {
      const facts = { projectId: path('projectId'), name, description, type: ourType(type) };
      return wireTag(await services.tags.create(caller, facts));
    },
  }),
  row({
    ...about,
    operation: 'getTag',
    method: 'GET',
    path: 'projects/{projectId}/tags/{tagId}',
    summary: 'One tag.',
    query: inIteration,
    answer: tagModel,
    call: async (request) => {
      const tags = await listTags(request, request.query.iterationId);
      return tags.find(({ id }) => id === request.path('tagId')) ?? missing(request.path('tagId'));
    },
  }),
  row({
    ...about,
    operation: 'updateTag',
    method: 'PATCH',
    path: 'projects/{projectId}/tags/{tagId}',
    summary: 'Changes the name or description of a tag.',
    body: { kind: 'json', schema: tagChanges, isOptional: false },
    answer: tagModel,
    note: 'The type of a tag cannot be changed: delete it and create another one.',
    call: async (request) => {
      const { name, description = null, type } = request.body;
      const { id, type: own } = await tagOf(request);
      const wanted = type === undefined ? own : ourType(type);
      return wireTag(await request.services.tags.update(request.caller, { id, name, description, type: wanted }));
    },
  }),
  row({
    ...about,
    operation: 'deleteTag',
    method: 'DELETE',
    path: 'projects/{projectId}/tags/{tagId}',
    summary: 'Deletes a tag; its images stay.',
    answer: null,
    note: 'Takes a key of the role TRAINER or OWNER.',
    call: async (request) => request.services.tags.delete(request.caller, (await tagOf(request)).id),
  }),
];

type TagRequest = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;

async function listTags(request: TagRequest, iterationId: string | undefined): Promise<WireTag[]> {
  const { caller, services, loaders, path } = request;
  const projectId = path('projectId');
  await services.projects.get(caller, 'read', projectId);
  const tags =
    iterationId === undefined
      ? (await loaders.tagsOfProject.load(projectId)).map(wireTag)
      : (await services.snapshotTags.of(projectId, iterationId)).map(wireTrainedTag);
  return tags.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A tag of another project is none of this one. */
async function tagOf({ caller, services, path }: TagRequest): Promise<Tag> {
  const tag = await services.tags.get(caller, 'read', path('tagId'));
  return tag.projectId === path('projectId') ? tag : missing(tag.id);
}

function missing(id: string): never {
  throw notFound('tag of this project', id);
}

function ourType(type: (typeof tagTypes)[number] = 'Regular'): TagType {
  return type === 'Negative' ? TagType.NEGATIVE : TagType.REGULAR;
}

function wireTag({ id, name, description, type, imageCount }: Tag): WireTag {
  return { id, name, description, type: wireTagType(type), imageCount };
}

function wireTrainedTag({ id, name, type, imageCount }: TrainedTagCount): WireTag {
  return { id, name, description: null, type: wireTagType(type), imageCount };
}
