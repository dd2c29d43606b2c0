import { z } from 'zod';
import type { Project } from '../../../schema/entities/project.entity.ts';
import type { Region } from '../../../schema/entities/region.entity.ts';
import { notFound } from '../../errors.ts';
import { Answer, row, type Row, type RowRequest } from '../row.ts';
import { mostInBatch, mostTagIds, regionBatch, regionSummary, tagBatch, tagSummary } from '../wire/image-models.ts';
import { csv, uuid } from '../wire/query.ts';
import { imagesOf } from './image-rows.ts';

type Asked = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;
type Pair = z.output<typeof tagBatch>['tags'][number];
type Drawn = z.output<typeof regionBatch>['regions'][number];

const about = { api: 'training', subject: 'Image' } as const;
const images = 'projects/{projectId}/images';

export const labelRows: readonly Row[] = [
  row({
    ...about,
    operation: 'createImageTags',
    method: 'POST',
    path: `${images}/tags`,
    summary: 'Adds tags to images, pair by pair.',
    body: { kind: 'json', schema: tagBatch, isOptional: false },
    answer: tagSummary,
    note: 'In a detection project a tag that a picture has by a region is among the duplicated; one that it does not have refuses the request, but for the negative tag.',
    call: (request) => tagPairs(request, request.body.tags),
  }),
  row({
    ...about,
    operation: 'deleteImageTags',
    method: 'DELETE',
    path: `${images}/tags`,
    summary: 'Removes all of the given tags from all of the given images.',
    query: z.object({ imageIds: csv(uuid(), mostInBatch), tagIds: csv(uuid(), mostTagIds) }),
    answer: null,
    call: async (request) => {
      await requireImages(request, request.query.imageIds);
      await request.services.images.untag(request.caller, request.query);
    },
  }),
  row({
    ...about,
    operation: 'createImageRegions',
    method: 'POST',
    path: `${images}/regions`,
    summary: 'Draws regions in one or more images.',
    body: { kind: 'json', schema: regionBatch, isOptional: false },
    success: [200, 207],
    answer: regionSummary,
    call: (request) => drawRegions(request, request.body.regions),
  }),
  row({
    ...about,
    operation: 'deleteImageRegions',
    method: 'DELETE',
    path: `${images}/regions`,
    summary: 'Takes regions away.',
    query: z.object({ regionIds: csv(uuid(), mostInBatch) }),
    answer: null,
    call: async (request) => {
      const { regionIds } = request.query;
      await requireRegions(request, regionIds);
      await request.services.regions.remove(request.caller, regionIds);
    },
  }),
];

/** The services find images by their ids alone; those of another project are none of the path's. */
async function requireImages(request: Asked, imageIds: readonly string[]): Promise<void> {
  await imagesOf(request, await projectOf(request), imageIds);
}

/** @throws DomainError NOT_FOUND for one that the project does not have */
async function requireRegions(request: Asked, ids: readonly string[]): Promise<void> {
  const project = await projectOf(request);
  const rows = await request.loaders.region.loadMany([...ids]);
  rows.forEach((found, i) => {
    if (found instanceof Error) throw found;
    if (found?.projectId !== project.id) throw notFound('region of this project', ids[i] ?? '');
  });
}

const projectOf = ({ caller, services, path }: Asked): Promise<Project> =>
  services.projects.get(caller, 'label', path('projectId'));

async function tagPairs(request: Asked, pairs: readonly Pair[]) {
  await requireImages(
    request,
    pairs.map(({ imageId }) => imageId),
  );
  const outcomes = await request.services.images.tagPairs(request.caller, pairs);
  const summary: z.input<typeof tagSummary> = { created: [], duplicated: [], exceeded: [] };
  pairs.forEach((pair, i) => summary[outcomes[i] ?? 'exceeded'].push(pair));
  return summary;
}

async function drawRegions(request: Asked, regions: readonly Drawn[]): Promise<Answer> {
  await requireImages(
    request,
    regions.map(({ imageId }) => imageId),
  );
  const placed = await request.services.regions.addEach(request.caller, regions);
  const summary: z.input<typeof regionSummary> = { created: [], duplicated: [], exceeded: [] };
  for (const [i, drawn] of regions.entries()) {
    const one = placed[i];
    if (!one) summary.exceeded.push(drawn);
    else if (one.isNew) summary.created.push(await wireRegion(request, drawn, one.region));
    else summary.duplicated.push(drawn);
  }
  const isWhole = summary.duplicated.length === 0 && summary.exceeded.length === 0;
  return new Answer(isWhole ? 200 : 207, summary);
}

async function wireRegion({ loaders }: Asked, drawn: Drawn, { id, createdAt }: Region) {
  const tagName = (await loaders.tag.load(drawn.tagId))?.name ?? '';
  return { ...drawn, regionId: id, tagName, created: createdAt.toISOString() };
}
