import { z } from 'zod';
import { maxTagIds } from '../../features/images/image.input.ts';
import type { ImageResult } from '../../features/evaluation/image-result.output.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { row, type Row, type RowRequest } from '../row.ts';
import { imagePerformance, mostTagIds } from '../wire/image-models.ts';
import { frameOf, labelsOf } from '../wire/images.ts';
import { wireResults } from '../wire/predictions.ts';
import { csv, paging, uuid } from '../wire/query.ts';
import { imagesOf } from './image-rows.ts';
import { iterationOf } from './iteration-rows.ts';

const about = { api: 'training', subject: 'Iteration', method: 'GET' } as const;
const path = 'projects/{projectId}/iterations/{iterationId}/performance/images';
/** Every box and probability, so that the client chooses its threshold. */
const thresholds = { threshold: 0, overlapThreshold: 0.3 };

type Asked = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;

export const performanceRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getImagePerformances',
    path,
    summary: 'The answers of an iteration for the images that it was measured on.',
    query: z.object({
      tagIds: csv(uuid(), mostTagIds).optional(),
      orderBy: z.enum(['Newest', 'Oldest']).default('Newest'),
      ...paging,
    }),
    answer: z.array(imagePerformance),
    note: 'The default order is Newest. Each answer covers every tag and comes from a model that was not trained on the image. Images that have since been deleted are neither listed nor counted.',
    call: async (request) => {
      const { take, skip, ...wanted } = request.query;
      const iteration = await iterationOf(request);
      const ids = (await measuredIds(request, iteration, wanted)).slice(skip, skip + take);
      return wirePerformances(request, iteration, ids);
    },
  }),
  row({
    ...about,
    operation: 'getImagePerformanceCount',
    path: `${path}/count`,
    summary: 'The number of images that an iteration was measured on.',
    query: z.object({ tagIds: csv(uuid(), maxTagIds).optional() }),
    answer: z.int(),
    call: async (request) => (await measuredIds(request, await iterationOf(request), request.query)).length,
  }),
];

interface Wanted {
  tagIds?: string[] | undefined;
  orderBy?: 'Newest' | 'Oldest' | undefined;
}

/** With any of the tags that are asked for, and there still: what is deleted must leave no holes in pages. */
async function measuredIds(request: Asked, iteration: Iteration, { tagIds, orderBy }: Wanted): Promise<string[]> {
  const { evaluation, images } = request.services;
  const measured = await evaluation.measuredImages(iteration, thresholds);
  const present = await images.idsOf(request.caller, iteration.projectId);
  const wanted = tagIds?.length ? new Set(tagIds) : null;
  const ids = measured
    .filter(({ imageId }) => present.has(imageId))
    .filter(({ actualTagIds }) => wanted === null || actualTagIds.some((id) => wanted.has(id)))
    .map(({ imageId }) => imageId);
  // Ids grow with time.
  if (orderBy) ids.sort();
  if (orderBy === 'Newest') ids.reverse();
  return ids;
}

async function wirePerformances(request: Asked, iteration: Iteration, ids: readonly string[]) {
  const { caller, services, loaders } = request;
  const project = await services.projects.get(caller, 'read', iteration.projectId);
  const { kind } = project;
  const images = await imagesOf(request, project, ids);
  const results = await services.evaluation.resultsOf(iteration, ids, thresholds);
  const said = new Map(results.map((result) => [result.imageId, resultsOf(kind, result)]));
  const wired = images.map(async (image): Promise<z.input<typeof imagePerformance>> => ({
    ...frameOf(image),
    imageUri: services.imageFiles.urlOf(image.id, 'original'),
    thumbnailUri: services.imageFiles.urlOf(image.id, 'thumbnail'),
    ...(await labelsOf(loaders, kind, image)),
    predictions: await wireResults(loaders, said.get(image.id) ?? []),
  }));
  return Promise.all(wired);
}

function resultsOf(kind: ProjectKind, { probabilities, predictedBoxes }: ImageResult) {
  const said = kind === ProjectKind.DETECTION ? predictedBoxes : probabilities.map((each) => ({ ...each, box: null }));
  return said.map(({ tag, probability, box }) => ({ tagId: tag.id, tagName: tag.name, probability, box }));
}
