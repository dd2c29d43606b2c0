import { z } from 'zod';
import type { Image } from '../../../schema/entities/image.entity.ts';
import type { Suggestion } from '../../../schema/entities/suggestion.entity.ts';
import type { RegionProposal } from '../../features/proposals/region-proposal.output.ts';
import type { Context } from '../../context.ts';
import { addressesOf } from './images.ts';
import { boxModel, imagePrediction } from './models.ts';
import { wireResults } from './predictions.ts';
import { uuid } from './query.ts';

const id = z.guid();
const threshold = z.number().min(0).max(1).nullable().optional();
const mostTagIds = 64;

export const regionProposals = z
  .object({
    projectId: id,
    imageId: id,
    proposals: z.array(z.object({ confidence: z.number(), boundingBox: boxModel })),
  })
  .meta({ id: 'ImageRegionProposal', description: 'Boxes that may deserve a region.' });

const suggested = { ...imagePrediction.shape, predictionUncertainty: z.number() };

export const suggestion = z
  .object(suggested)
  .meta({ id: 'SuggestedTagAndRegion', description: 'The tags or regions that a model suggests for an image.' });

const storedSuggestion = z
  .object({
    ...suggested,
    width: z.int(),
    height: z.int(),
    resizedImageUri: z.string(),
    thumbnailUri: z.string(),
    originalImageUri: z.string(),
    domain: id,
  })
  .meta({ id: 'StoredSuggestedTagAndRegion' });

export const tagFilter = z
  .object({ tagIds: z.array(uuid()).max(mostTagIds).nullable().optional(), threshold })
  .meta({ id: 'TagFilter' });

export const suggestionQuery = z
  .object({
    ...tagFilter.shape,
    session: z.string().nullable().optional(),
    continuation: z.string().nullable().optional(),
    maxCount: z.int().min(0).max(200).nullable().optional(),
    sortBy: z.enum(['UncertaintyAscending', 'UncertaintyDescending']).nullable().optional(),
  })
  .meta({ id: 'SuggestedTagAndRegionQueryToken' });

export const suggestionPage = z
  .object({ token: suggestionQuery, results: z.array(storedSuggestion) })
  .meta({ id: 'SuggestedTagAndRegionQuery' });

export function wireProposals({ id: imageId, projectId }: Image, proposals: readonly RegionProposal[]) {
  return {
    projectId,
    imageId,
    proposals: proposals.map(({ confidence, box }) => ({ confidence, boundingBox: box })),
  };
}

/** Under the id of its image: it has no other name by which a client could tag the image. */
export async function wireSuggestion(
  loaders: Context['loaders'],
  { imageId, projectId, iterationId, createdAt, results, uncertainty }: Suggestion,
): Promise<z.input<typeof suggestion>> {
  return {
    id: imageId,
    project: projectId,
    iteration: iterationId,
    created: createdAt.toISOString(),
    predictions: await wireResults(loaders, results),
    predictionUncertainty: uncertainty,
  };
}

export async function wireStoredSuggestion(
  { loaders, services }: Pick<Context, 'loaders' | 'services'>,
  row: Suggestion,
  { width, height }: Pick<Image, 'width' | 'height'>,
  domain: string,
): Promise<z.input<typeof storedSuggestion>> {
  return {
    ...(await wireSuggestion(loaders, row)),
    width,
    height,
    domain,
    ...addressesOf(services, row.imageId),
  };
}
