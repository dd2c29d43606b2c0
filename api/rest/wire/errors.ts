import type { DomainError, ErrorCode } from '../../errors.ts';
import type { Subject } from '../row.ts';
import type { AzureCode } from './azure-codes.ts';

/** Azure's gateway answers these with a number as the code. */
type GatewayCode = '401' | '429';

export interface AzureError {
  status: number;
  body: { code: AzureCode | GatewayCode; message: string };
}

interface Facts {
  subject: Subject;
  details: Record<string, unknown>;
}

type Choice = AzureCode | GatewayCode | ((facts: Facts) => AzureCode);

const of =
  (codes: Partial<Record<Subject, AzureCode>>, otherwise: AzureCode) =>
  ({ subject }: Facts): AzureCode =>
    codes[subject] ?? otherwise;

/** Every way in which we refuse a request, in Azure's words. What they have no word for gets the nearest general one. */
const choices: Record<ErrorCode, { status: number; code: Choice }> = {
  UNAUTHENTICATED: { status: 401, code: '401' },
  FORBIDDEN: { status: 403, code: 'Forbidden' },
  NOT_FOUND: { status: 404, code: notFoundCode },
  INVALID: { status: 400, code: invalidCode },
  NAME_TAKEN: {
    status: 400,
    code: of(
      { Tag: 'BadRequestTagNameNotUnique', Project: 'BadRequestProjectNameNotUnique' },
      'BadRequestInvalidPublishName',
    ),
  },
  LIMIT_REACHED: { status: 400, code: limitCode },
  TOO_LARGE: { status: 413, code: 'BadRequestImageSizeBytes' },
  IMAGE_REFUSED: { status: 400, code: imageCode },
  URL_REFUSED: { status: 400, code: 'BadRequestImageUrl' },
  UPLOAD_EXPIRED: { status: 400, code: 'BadRequestImageStream' },
  TAG_CONFLICT: { status: 400, code: conflictCode },
  TRAINING_RUNNING: { status: 400, code: 'BadRequestTrainingAlreadyInProgress' },
  TRAINING_NOT_NEEDED: { status: 400, code: 'BadRequestTrainingNotNeeded' },
  NOT_ENOUGH_IMAGES: { status: 400, code: trainingCode },
  NOT_TRAINED: { status: 400, code: 'BadRequestIterationIsNotTrained' },
  MODEL_UNUSABLE: { status: 400, code: 'BadRequestIterationIsNotTrained' },
  NOT_EXPORTABLE: { status: 400, code: 'BadRequestExportValidationFailed' },
  EXPORT_RUNNING: { status: 400, code: 'BadRequestExportAlreadyInProgress' },
  EXPORT_EXISTS: { status: 400, code: 'BadRequestExportValidationFailed' },
  PUBLISHED: { status: 400, code: 'BadRequestIterationIsPublished' },
  NOT_SUPPORTED: {
    status: 400,
    code: of({ Export: 'BadRequestProjectUnsupportedExportPlatform' }, 'BadRequestNotSupported'),
  },
  IDEMPOTENCY_MISMATCH: { status: 422, code: 'BadRequestInvalid' },
  TOO_BUSY: { status: 429, code: '429' },
  RATE_LIMITED: { status: 429, code: '429' },
  ENGINE_UNAVAILABLE: { status: 503, code: 'ErrorProjectTrainingRequestFailed' },
  DATABASE_UNAVAILABLE: { status: 503, code: 'ErrorUnknown' },
  STORAGE_UNAVAILABLE: { status: 503, code: 'ErrorUnknown' },
  OUTCOME_UNKNOWN: { status: 503, code: 'ErrorUnknown' },
};

export function azureError(error: DomainError, subject: Subject): AzureError {
  const { status, code } = choices[error.code];
  const { details } = error;
  // The only words by which callers know of Azure that a name is not published.
  const message = details['what'] === 'published model' ? `Invalid iteration: ${error.message}` : error.message;
  const chosen = typeof code === 'function' ? code({ subject, details }) : code;
  return {
    status: typeof details['status'] === 'number' ? details['status'] : status,
    body: { code: chosen, message },
  };
}

function notFoundCode({ details: { what } }: Facts): AzureCode {
  const of = String(what);
  if (of === 'published model') return 'BadRequestIterationNotPublished';
  if (of === 'iteration that is complete in project') return 'NotFoundProjectDefaultIteration';
  if (of.startsWith('project')) return 'NotFoundProject';
  if (of.startsWith('iteration')) return 'NotFoundIteration';
  if (of.startsWith('tag')) return 'NotFoundTag';
  if (of.startsWith('image')) return 'NotFoundImage';
  return of.startsWith('domain') ? 'NotFoundDomain' : 'NotFound';
}

/** By the field that was refused: a name is another one for each subject. */
function invalidCode({ subject, details }: Facts): AzureCode {
  const field = typeof details['field'] === 'string' ? details['field'].replace(/^settings\./, '') : '';
  // It is known, but one for the other kind of projects.
  if (field === 'domainId' && details['kind']) return 'BadRequestProjectUnsupportedDomainTypeChange';
  const [list = ''] = field.split('.');
  const exceeded = details['issue'] === 'too_big' ? exceededFields[subject]?.[field] : undefined;
  const known = exceeded ?? invalidFields[field] ?? invalidFields[`${list}[]`] ?? invalidFields[list];
  if (typeof known === 'string') return known;
  return known?.[subject] ?? 'BadRequestInvalid';
}

/** What there was too much of, where Azure has a word for it. */
const exceededFields: Partial<Record<Subject, Record<string, AzureCode>>> = {
  Prediction: {
    ids: 'BadRequestPredictionIdsExceededCount',
    tags: 'BadRequestPredictionTagsExceededCount',
    maxCount: 'BadRequestPredictionResultsExceededCount',
  },
};

/** With brackets: an item of a list. */
const invalidFields: Record<string, AzureCode | Partial<Record<Subject, AzureCode>>> = {
  name: {
    Project: 'BadRequestProjectName',
    Tag: 'BadRequestTagName',
    Iteration: 'BadRequestIterationName',
    Publication: 'BadRequestInvalidPublishName',
  },
  publishName: 'BadRequestInvalidPublishName',
  description: { Project: 'BadRequestProjectDescription', Tag: 'BadRequestTagDescription' },
  domainId: 'BadRequestProjectUnknownDomain',
  classificationType: 'BadRequestProjectUnknownClassification',
  targetExportPlatforms: 'BadRequestProjectUnsupportedExportPlatform',
  type: { Tag: 'BadRequestTagType' },
  tagIds: 'BadRequestImageTags',
  imageIds: 'BadRequestInvalidIds',
  ids: 'BadRequestPredictionIdsMissing',
  'ids[]': 'BadRequestInvalidIds',
  regions: 'BadRequestImageRegions',
  images: 'BadRequestImageBatch',
  imageData: 'BadRequestImageStream',
  url: 'BadRequestImageUrl',
  notificationQueueUri: 'BadRequestInvalidUri',
  budgetMinutes: 'BadRequestReservedBudgetInHoursNotEnoughForAdvancedTraining',
  reservedBudgetInHours: 'BadRequestReservedBudgetInHoursNotEnoughForAdvancedTraining',
  application: 'BadRequestPredictionInvalidApplicationName',
  token: 'BadRequestInvalidImportToken',
  metadata: 'BadRequestImageMetadataValue',
  'metadata.name': 'BadRequestImageMetadataKey',
};

function imageCode({ details: { reason } }: Facts): AzureCode {
  return imageReasons[String(reason)] ?? 'BadRequestImageFormat';
}

const imageReasons: Record<string, AzureCode> = {
  TOO_LARGE: 'BadRequestImageSizeBytes',
  EDGE_TOO_LONG: 'BadRequestImageDimensions',
  TOO_MANY_PIXELS: 'BadRequestImageDimensions',
  ASPECT_TOO_EXTREME: 'BadRequestImageAspectRatio',
};

function conflictCode({ subject, details: { reason } }: Facts): AzureCode {
  if (reason === 'ONE_TAG_PER_IMAGE') return 'BadRequestExceedTagPerImageLimit';
  return subject === 'Tag' ? 'BadRequestTagType' : 'BadRequestNegativeAndRegularTagOnSameImage';
}

function limitCode({ subject, details }: Facts): AzureCode {
  if (subject === 'Tag')
    return details['tagId'] ? 'BadRequestMultipleNegativeTag' : 'BadRequestExceedTagPerProjectLimit';
  if (subject === 'Image') return 'BadRequestImageExceededCount';
  return subject === 'Project' ? 'BadRequestExceedProjectLimit' : 'BadRequestExceededQuota';
}

function trainingCode({ details: { kind } }: Facts): AzureCode {
  if (kind === 'DETECTION') return 'BadRequestDetectionTrainingValidationFailed';
  if (kind === 'MULTICLASS') return 'BadRequestMultiClassClassificationTrainingValidationFailed';
  if (kind === 'MULTILABEL') return 'BadRequestMultiLabelClassificationTrainingValidationFailed';
  return 'BadRequestTrainingValidationFailed';
}
