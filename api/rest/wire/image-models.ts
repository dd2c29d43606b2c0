import { z } from 'zod';
import { predictionModel } from './models.ts';
import { csv, uuid } from './query.ts';

/** Azure's models of images; see `models.ts`. */

const id = z.guid();
const date = z.iso.datetime();
const box = { left: z.number(), top: z.number(), width: z.number(), height: z.number() };

export const mostTagIds = 20;
export const mostInBatch = 64;
const mostPairs = 128;
export const mostIds = 256;

export const imageModel = z
  .object({
    id,
    created: date,
    width: z.int(),
    height: z.int(),
    resizedImageUri: z.string(),
    thumbnailUri: z.string(),
    originalImageUri: z.string(),
    tags: z.array(z.object({ tagId: id, tagName: z.string(), created: date })).optional(),
    regions: z.array(z.object({ regionId: id, tagName: z.string(), created: date, tagId: id, ...box })).optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'Image', description: 'An image of a project; regions only in detection projects.' });

export const createStatuses = [
  'OK',
  'OKDuplicate',
  'ErrorSource',
  'ErrorImageFormat',
  'ErrorImageSize',
  'ErrorLimitExceed',
  'ErrorTagLimitExceed',
  'ErrorRegionLimitExceed',
  'ErrorUnknown',
  'ErrorNegativeAndRegularTagOnSameImage',
  'ErrorImageDimensions',
  'ErrorInvalidTag',
] as const;

export const createSummary = z
  .object({
    isBatchSuccessful: z.boolean(),
    images: z.array(z.object({ sourceUrl: z.string(), status: z.enum(createStatuses), image: imageModel.optional() })),
  })
  .meta({ id: 'ImageCreateSummary', description: 'The result for each image of a batch, in its order.' });

const metadataMap = z.record(z.string(), z.string());

const regionEntry = z.object({ tagId: uuid(), ...box });
const labels = {
  tagIds: csv(uuid(), mostTagIds).nullable().optional(),
  regions: z.array(regionEntry).nullable().optional(),
};
const batchLabels = {
  tagIds: labels.tagIds,
  metadata: metadataMap.nullable().optional(),
};

export const fileEntry = z.object({
  name: z.string().nullable().optional(),
  contents: z.string(),
  ...labels,
});
export const fileBatch = z
  .object({ images: z.array(fileEntry).max(mostInBatch), ...batchLabels })
  .meta({ id: 'ImageFileCreateBatch' });

export const urlBatch = z
  .object({ images: z.array(z.object({ url: z.string(), ...labels })).max(mostInBatch), ...batchLabels })
  .meta({ id: 'ImageUrlCreateBatch' });

export const idBatch = z
  .object({ images: z.array(z.object({ id: uuid(), ...labels })).max(mostInBatch), ...batchLabels })
  .meta({ id: 'ImageIdCreateBatch' });

/** The values by name; null takes a name away. */
export const metadataChange = z.record(z.string(), z.string().nullable());
export const metadataSummary = z
  .object({
    isBatchSuccessful: z.boolean(),
    images: z.array(
      z.object({
        imageId: z.string(),
        status: z.enum(['OK', 'ErrorImageNotFound', 'ErrorLimitExceed', 'ErrorUnknown']),
        metadata: metadataMap.optional(),
      }),
    ),
  })
  .meta({ id: 'ImageMetadataUpdateSummary', description: 'The result for the metadata of each image.' });

const pair = z.object({ imageId: uuid(), tagId: uuid() });
export const tagBatch = z.object({ tags: z.array(pair).max(mostPairs) }).meta({ id: 'ImageTagCreateBatch' });
export const tagSummary = z
  .object({ created: z.array(pair), duplicated: z.array(pair), exceeded: z.array(pair) })
  .meta({ id: 'ImageTagCreateSummary' });

const drawn = z.object({ imageId: uuid(), tagId: uuid(), ...box });
export const regionBatch = z
  .object({ regions: z.array(drawn).max(mostInBatch) })
  .meta({ id: 'ImageRegionCreateBatch' });
export const regionSummary = z
  .object({
    created: z.array(drawn.extend({ regionId: id, tagName: z.string(), created: date })),
    duplicated: z.array(drawn),
    exceeded: z.array(drawn),
  })
  .meta({ id: 'ImageRegionCreateSummary' });

export const imagePerformance = imageModel
  .omit({ resizedImageUri: true, originalImageUri: true })
  .extend({ imageUri: z.string(), predictions: z.array(predictionModel) })
  .meta({ id: 'ImagePerformance', description: 'The answer of an iteration for an image that it was not trained on.' });
