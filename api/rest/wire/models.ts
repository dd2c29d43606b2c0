import { z } from 'zod';

/** Azure's models, as its clients declare them: shapes only; who fills them in stands beside the rows. */

const id = z.guid();
const date = z.iso.datetime();
/** With any offset; without one it is UTC. */
const givenDate = z.iso
  .datetime({ offset: true, local: true })
  .meta({ format: 'date-time' })
  .transform((text) => new Date(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`).toISOString());
const probability = z.number().min(0).max(1);

export const errorModel = z
  .object({ code: z.string(), message: z.string() })
  .meta({ id: 'CustomVisionError', description: 'Why a request was refused.' });

export const boxModel = z
  .object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() })
  .meta({ id: 'BoundingBox', description: 'In fractions of the upright image.' });

export const domainModel = z
  .object({
    id,
    name: z.string(),
    type: z.enum(['Classification', 'ObjectDetection']),
    exportable: z.boolean(),
    enabled: z.boolean(),
    exportablePlatforms: z.array(z.string()),
    modelInformation: z.object({ description: z.string() }),
  })
  .meta({ id: 'Domain', description: 'A kind of image, with the recipe that suits it.' });

export const exportPlatforms = ['CoreML', 'TensorFlow', 'DockerFile', 'ONNX', 'VAIDK', 'OpenVino'] as const;
export const classificationTypes = ['Multiclass', 'Multilabel'] as const;
export const tagTypes = ['Regular', 'Negative', 'GeneralProduct'] as const;

export const projectModel = z
  .object({
    id,
    name: z.string(),
    description: z.string().nullable(),
    settings: z.object({
      domainId: id,
      classificationType: z.enum(classificationTypes).nullable(),
      targetExportPlatforms: z.array(z.enum(exportPlatforms)),
      useNegativeSet: z.literal(true),
      detectionParameters: z.null(),
      imageProcessingSettings: z.object({ augmentationMethods: z.record(z.string(), z.boolean()) }),
      notificationQueueUri: z.string().nullable(),
    }),
    created: date,
    lastModified: date,
    thumbnailUri: z.string().nullable(),
    drModeEnabled: z.boolean(),
    status: z.enum(['Succeeded', 'Importing', 'Failed']),
  })
  .meta({ id: 'Project', description: 'Images, tags and the models trained on them.' });

export const projectExport = z
  .object({
    iterationCount: z.number().int(),
    imageCount: z.number().int(),
    tagCount: z.number().int(),
    regionCount: z.number().int(),
    estimatedImportTimeInMS: z.number().int(),
    token: z.string(),
  })
  .meta({ id: 'ProjectExport', description: 'A token for copying a project, and what there is to copy.' });

/** What may be sent back to change a project; the rest of it is only told. */
export const projectChanges = z
  .object({
    name: z.string().optional(),
    description: z.string().nullable().optional(),
    settings: z
      .object({
        domainId: id.optional(),
        classificationType: z.enum(classificationTypes).nullable().optional(),
        targetExportPlatforms: z.array(z.enum(exportPlatforms)).nullable().optional(),
      })
      .optional(),
  })
  .meta({ id: 'ProjectChanges' });

export const tagModel = z
  .object({
    id,
    name: z.string(),
    description: z.string().nullable(),
    type: z.enum(tagTypes),
    imageCount: z.int(),
  })
  .meta({ id: 'Tag', description: 'Something to be recognised in images.' });

export const tagChanges = z
  .object({
    name: z.string(),
    description: z.string().nullable().optional(),
    type: z.enum(tagTypes).optional(),
  })
  .meta({ id: 'TagChanges' });

export const iterationModel = z
  .object({
    id,
    name: z.string(),
    status: z.enum(['Training', 'Completed', 'Failed']),
    created: date,
    lastModified: date,
    trainedAt: date.nullable(),
    projectId: id,
    exportable: z.boolean(),
    exportableTo: z.array(z.string()),
    domainId: id.nullable(),
    classificationType: z.enum(classificationTypes).nullable(),
    trainingType: z.enum(['Regular', 'Advanced']),
    reservedBudgetInHours: z.int(),
    trainingTimeInMinutes: z.int(),
    publishName: z.string().nullable(),
    originalPublishResourceId: z.string().nullable(),
    trainingErrorDetails: z.string().optional(),
  })
  .meta({ id: 'Iteration', description: 'One training and the model that resulted from it.' });

export const iterationChanges = z.object({ name: z.string() }).meta({ id: 'IterationChanges' });

export const exportModel = z
  .object({
    platform: z.string(),
    status: z.enum(['Exporting', 'Failed', 'Done']),
    downloadUri: z.string().nullable(),
    flavor: z.string().nullable(),
    newerVersionAvailable: z.boolean(),
  })
  .meta({ id: 'Export', description: 'The model of an iteration as an archive, for use elsewhere.' });

export const trainingParameters = z
  .object({
    selectedTags: z.array(id).nullable().optional(),
    customBaseModelInfo: z.object({ projectId: id, iterationId: id }).nullable().optional(),
  })
  .meta({ id: 'TrainingParameters' });

const figures = {
  precision: z.number(),
  precisionStdDeviation: z.number(),
  recall: z.number(),
  recallStdDeviation: z.number(),
  averagePrecision: z.number().nullable(),
};

export const performanceModel = z
  .object({ perTagPerformance: z.array(z.object({ id, name: z.string(), ...figures })), ...figures })
  .meta({ id: 'IterationPerformance', description: 'Measured on images that the model was not trained on.' });

export const predictionModel = z
  .object({
    probability,
    tagId: id,
    tagName: z.string(),
    tagType: z.enum(tagTypes).nullable(),
    boundingBox: boxModel.optional(),
  })
  .meta({ id: 'Prediction' });

const answered = { id, project: id, iteration: id, created: date, predictions: z.array(predictionModel) };

export const imagePrediction = z
  .object(answered)
  .meta({ id: 'ImagePrediction', description: 'The answer of a model for one image, highest probability first.' });

export const storedPrediction = z
  .object({
    ...answered,
    resizedImageUri: z.string(),
    thumbnailUri: z.string(),
    originalImageUri: z.string(),
    domain: id.nullable(),
  })
  .meta({ id: 'StoredImagePrediction' });

const predictionOrders = ['Newest', 'Oldest', 'Suggested'] as const;

export const predictionQuery = z
  .object({
    session: z.string().nullable().optional(),
    continuation: z.string().nullable().optional(),
    maxCount: z.int().min(0).max(200).nullable().optional(),
    orderBy: z.enum(predictionOrders).nullable().optional(),
    tags: z
      .array(
        z.object({
          id,
          minThreshold: probability.nullable().optional(),
          maxThreshold: probability.nullable().optional(),
        }),
      )
      .max(20)
      .nullable()
      .optional(),
    iterationId: id.nullable().optional(),
    startTime: givenDate.nullable().optional(),
    endTime: givenDate.nullable().optional(),
    application: z.string().nullable().optional(),
  })
  .meta({ id: 'PredictionQueryToken' });

export const predictionPage = z
  .object({ token: predictionQuery, results: z.array(storedPrediction) })
  .meta({ id: 'PredictionQueryResult' });

export const imageUrl = z.object({ url: z.string().min(1) }).meta({ id: 'ImageUrl' });
