import { z } from 'zod';
import type { ImageResult } from '../../features/evaluation/image-result.output.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { row, type Row, type RowRequest } from '../row.ts';
import { allPages, skipPages } from '../wire/all-pages.ts';
import { imagePerformance, mostTagIds } from '../wire/image-models.ts';
import { frameOf, labelsOf } from '../wire/images.ts';
import { wireResults } from '../wire/predictions.ts';
import { csv, paging, uuid } from '../wire/query.ts';
import { iterationOf } from './iteration-rows.ts';

const about = { api: 'training', subject: 'Iteration', method: 'GET' } as const;
const path = 'projects/{projectId}/iterations/{iterationId}/performance/images';
const byTags = { tagIds: csv(uuid(), mostTagIds).optional() };
/** Every box and probability, so that the client chooses its threshold. */
const thresholds = { threshold: 0, overlapThreshold: 0.3 };

type Asked = Pick<RowRequest, 'caller' | 'services' | 'loaders' | 'path'>;

export const performanceRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getImagePerformances',
    path,
    summary: 'What an iteration says of the pictures that it was measured on.',
    query: z.object({ ...byTags, orderBy: z.enum(['Newest', 'Oldest']).optional(), ...paging }),
    answer: z.array(imagePerformance),
    note: 'The wrong ones first. Said of a picture by a model that had not seen it. Pictures that were deleted since are left out.',
    call: async (request) => {
      const { take, skip, tagIds } = request.query;
      const results = tagIds?.length
        ? (await allResults(request, tagIds)).slice(skip, skip + take)
        : await skipPages((page) => listResults(request, page), skip, take);
      return wirePerformances(request, results);
    },
  }),
  row({
    ...about,
    operation: 'getImagePerformanceCount',
    path: `${path}/count`,
    summary: 'How many pictures an iteration was measured on.',
    query: z.object(byTags),
    answer: z.int(),
    call: async (request) => {
      const { tagIds } = request.query;
      if (tagIds?.length) return (await allResults(request, tagIds)).length;
      return (await (await listResults(request, { first: 1 })).count()).total;
    },
  }),
];

async function listResults(request: Asked, page: { first: number; after?: string | null }) {
  return request.services.evaluation.imageResults(await iterationOf(request), { ...thresholds, ...page });
}

/** With any of the tags, which the evaluation knows one at a time. */
async function allResults(request: Asked, tagIds: readonly string[]): Promise<ImageResult[]> {
  const wanted = new Set(tagIds);
  const all = await allPages((page) => listResults(request, page));
  return all.filter(({ actualTags }) => actualTags.some(({ id }) => wanted.has(id)));
}

async function wirePerformances(request: Asked, results: readonly ImageResult[]) {
  const { caller, services, loaders } = request;
  const { kind } = await services.projects.get(caller, 'read', request.path('projectId'));
  const wired = results.map(async (result): Promise<z.input<typeof imagePerformance>[]> => {
    const image = await loaders.image.load(result.imageId);
    if (!image) return [];
    return [
      {
        ...frameOf(image),
        imageUri: services.imageFiles.urlOf(image.id, 'original'),
        thumbnailUri: services.imageFiles.urlOf(image.id, 'thumbnail'),
        ...(await labelsOf(loaders, kind, image)),
        predictions: await wireResults(loaders, resultsOf(kind, result)),
      },
    ];
  });
  return (await Promise.all(wired)).flat();
}

function resultsOf(kind: ProjectKind, { probabilities, predictedBoxes }: ImageResult) {
  const said = kind === ProjectKind.DETECTION ? predictedBoxes : probabilities.map((each) => ({ ...each, box: null }));
  return said.map(({ tag, probability, box }) => ({ tagId: tag.id, tagName: tag.name, probability, box }));
}
