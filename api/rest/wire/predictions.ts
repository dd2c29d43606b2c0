import type { z } from 'zod';
import type { Prediction } from '../../../schema/entities/prediction.entity.ts';
import type { PredictionResult } from '../../../schema/entities/prediction-result.ts';
import type { Context } from '../../context.ts';
import type { imagePrediction, storedPrediction } from './models.ts';
import { wireTagType } from './tag-type.ts';

type Wire = z.input<typeof imagePrediction>;
type Loaders = Pick<Context['loaders'], 'tag'>;

export async function wirePrediction(
  loaders: Loaders,
  { id, projectId, iterationId, createdAt, results }: Prediction,
): Promise<Wire> {
  const predictions = await wireResults(loaders, results);
  return { id, project: projectId, iteration: iterationId, created: createdAt.toISOString(), predictions };
}

/** The type of a tag never changes; it is null when the tag is gone. */
export function wireResults(
  loaders: Loaders,
  results: readonly Omit<PredictionResult, 'heatmap'>[],
): Promise<Wire['predictions']> {
  return Promise.all(
    results.map(async ({ probability, tagId, tagName, box }) => {
      const tag = await loaders.tag.load(tagId);
      const tagType = tag && wireTagType(tag.type);
      // A classifier's answer has no key for boxes at all: clients tell the kinds of projects apart that way.
      return { probability, tagId, tagName, tagType, ...(box ? { boundingBox: box } : {}) };
    }),
  );
}

/** The domain of the model that answered, or of the project when the model is gone or did not record its domain. */
export async function domainOf(loaders: Pick<Context['loaders'], 'iteration'>, iterationId: string, ofProject: string) {
  return (await loaders.iteration.load(iterationId))?.domainId ?? ofProject;
}

export async function wireStored(
  { loaders, services }: Pick<Context, 'loaders' | 'services'>,
  prediction: Prediction,
  domainOfProject: string,
): Promise<z.input<typeof storedPrediction>> {
  const url = services.imageFiles.urlOfPrediction(prediction.id);
  const addresses = { resizedImageUri: url, thumbnailUri: url, originalImageUri: url };
  const domain = await domainOf(loaders, prediction.iterationId, domainOfProject);
  return { ...(await wirePrediction(loaders, prediction)), ...addresses, domain };
}
