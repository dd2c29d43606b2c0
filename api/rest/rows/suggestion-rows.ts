import { z } from 'zod';
import { SuggestionOrder } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { nextCursor } from '../../connection.ts';
import { notFound } from '../../errors.ts';
import { row, type Row } from '../row.ts';
import { continued } from '../wire/continuation.ts';
import { domainOf } from '../wire/predictions.ts';
import { csv, uuid } from '../wire/query.ts';
import {
  regionProposals,
  suggestion,
  suggestionPage,
  suggestionQuery,
  tagFilter,
  wireProposals,
  wireStoredSuggestion,
  wireSuggestion,
} from '../wire/suggestions.ts';
import { iterationOf } from './iteration-rows.ts';

const about = { api: 'training', subject: 'Image', method: 'POST' } as const;
/** The clients of v3.0 know no suggestions. */
const suggesting = { ...about, since: 'v3.1' } as const;
const ofIteration = z.object({ iterationId: uuid() });
const mostSuggested = 64;
const proposed = 50;
const suggestionsPerPage = 50;

const orders = {
  UncertaintyAscending: SuggestionOrder.LEAST_UNCERTAIN,
  UncertaintyDescending: SuggestionOrder.MOST_UNCERTAIN,
} as const;

export const suggestionRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getImageRegionProposals',
    path: 'projects/{projectId}/images/{imageId}/regionproposals',
    summary: 'Boxes in an image that may deserve a region.',
    answer: regionProposals,
    note: `At most ${proposed}: first what the newest detector of the project finds, with its probability as the confidence; then what stands out in the image, with the share of the contrast in it that the box accounts for.`,
    call: async ({ caller, services, path }) => {
      const image = await services.images.get(caller, 'label', path('imageId'));
      if (image.projectId !== path('projectId')) throw notFound('image', path('imageId'));
      return wireProposals(image, await services.proposals.propose(caller, image, proposed));
    },
  }),
  row({
    ...suggesting,
    operation: 'suggestTagsAndRegions',
    path: 'projects/{projectId}/tagsandregions/suggestions',
    summary: 'Asks an iteration to suggest tags or regions for images.',
    query: ofIteration.extend({ imageIds: csv(uuid(), mostSuggested) }),
    answer: z.array(suggestion),
    note: 'The id is that of the image. Suggestions for images that already have tags are returned but not stored.',
    call: async (request) => {
      const { id: iterationId } = await iterationOf(request, request.query.iterationId);
      const input = { iterationId, imageIds: request.query.imageIds, first: mostSuggested };
      const made = await request.services.suggestions.suggest(request.caller, input);
      return Promise.all(made.map((each) => wireSuggestion(request.loaders, each)));
    },
  }),
  row({
    ...suggesting,
    operation: 'querySuggestedImages',
    path: 'projects/{projectId}/images/suggested',
    summary: 'Untagged images with what an iteration suggested for them, page by page.',
    query: ofIteration,
    body: { kind: 'json', schema: suggestionQuery, isOptional: true },
    answer: suggestionPage,
    note: 'The id is that of the image. The default order is UncertaintyAscending, which the token then names. A threshold applies to the tags of tagIds, or to any tag without them.',
    call: async (request) => {
      const { caller, services, path } = request;
      const token = request.body ?? {};
      const first = token.maxCount || suggestionsPerPage;
      const sortBy = token.sortBy ?? 'UncertaintyAscending';
      const { id } = await iterationOf(request, request.query.iterationId);
      const asked = {
        filter: filterOf(token),
        orderBy: orders[sortBy],
        first,
        after: token.continuation || null,
      };
      const page = await continued(services.suggestions.list(caller, id, asked));
      const project = await services.projects.get(caller, 'read', path('projectId'));
      const domainId = await domainOf(request.loaders, id, project.domainId);
      const images = await request.loaders.image.loadMany(page.nodes.map(({ imageId }) => imageId));
      const results = page.nodes.flatMap((node, index) => {
        const image = images[index];
        // An image may have been deleted this moment.
        return image && !(image instanceof Error) ? [wireStoredSuggestion(request, node, image, domainId)] : [];
      });
      const paging = { session: token.session || newId(), continuation: nextCursor(page), maxCount: first };
      return { token: { ...token, sortBy, ...paging }, results: await Promise.all(results) };
    },
  }),
  row({
    ...suggesting,
    operation: 'querySuggestedImageCount',
    path: 'projects/{projectId}/images/suggested/count',
    summary: 'For how many untagged images an iteration suggests each tag.',
    query: ofIteration,
    body: { kind: 'json', schema: tagFilter, isOptional: true },
    answer: z.record(z.guid(), z.int()),
    call: async (request) => {
      const { id } = await iterationOf(request, request.query.iterationId);
      const counts = await request.services.suggestions.countByTag(request.caller, id, filterOf(request.body ?? {}));
      return Object.fromEntries(counts.map(({ tagId, imageCount }) => [tagId, imageCount]));
    },
  }),
];

const filterOf = ({ tagIds, threshold }: z.output<typeof tagFilter>) => ({
  tagIds: tagIds ?? null,
  threshold: threshold ?? null,
});
