import type { z } from 'zod';
import type { Services } from '../../services.ts';
import type { Prediction } from '../../../schema/entities/prediction.entity.ts';
import type { PredictionResult } from '../../../schema/entities/prediction-result.ts';
import type { imagePrediction, storedPrediction } from './models.ts';

type Wire = z.input<typeof imagePrediction>;

export function wirePrediction({ id, projectId, iterationId, createdAt, results }: Prediction): Wire {
  const predictions = results.map(wireResult);
  return { id, project: projectId, iteration: iterationId, created: createdAt.toISOString(), predictions };
}

export function wireResult({ probability, tagId, tagName, box }: PredictionResult): Wire['predictions'][number] {
  // A classifier's answer has no key for boxes at all: clients tell the kinds of projects apart that way.
  return { probability, tagId, tagName, ...(box ? { boundingBox: box } : {}) };
}

/** @param domain of the project */
export function wireStored(
  prediction: Prediction,
  { imageFiles }: Pick<Services, 'imageFiles'>,
  domain: string | null,
): z.input<typeof storedPrediction> {
  const url = imageFiles.urlOfPrediction(prediction.id);
  return { ...wirePrediction(prediction), resizedImageUri: url, thumbnailUri: url, originalImageUri: url, domain };
}
