import { registerEnumType } from 'type-graphql';

/** Every enumeration of the vocabulary: the values stand in rows, in GraphQL and in events alike. */
export enum ProjectKind {
  CLASSIFICATION = 'CLASSIFICATION',
  DETECTION = 'DETECTION',
}
export enum ProjectStatus {
  READY = 'READY',
  IMPORTING = 'IMPORTING',
  FAILED = 'FAILED',
}
export enum NotificationSubject {
  CONNECTION_TEST = 'CONNECTION_TEST',
  TRAINING = 'TRAINING',
  EXPORT = 'EXPORT',
}
export enum NotificationStatus {
  PENDING = 'PENDING',
  DELIVERED = 'DELIVERED',
  FAILED = 'FAILED',
}
export enum ClassificationType {
  MULTICLASS = 'MULTICLASS',
  MULTILABEL = 'MULTILABEL',
}
export enum TagType {
  REGULAR = 'REGULAR',
  NEGATIVE = 'NEGATIVE',
}
export enum IterationStatus {
  QUEUED = 'QUEUED',
  TRAINING = 'TRAINING',
  COMPLETED = 'COMPLETED',
  FAILED = 'FAILED',
  CANCELLED = 'CANCELLED',
}
export enum ExportStatus {
  EXPORTING = 'EXPORTING',
  DONE = 'DONE',
  FAILED = 'FAILED',
}
export enum TrainingPhase {
  SNAPSHOT = 'SNAPSHOT',
  FEATURES = 'FEATURES',
  HEAD = 'HEAD',
  TRAINING = 'TRAINING',
  EVALUATION = 'EVALUATION',
  PACKAGE = 'PACKAGE',
  DONE = 'DONE',
}
export enum TrainingMode {
  QUICK = 'QUICK',
  ADVANCED = 'ADVANCED',
}
export enum ApiKeyRole {
  OWNER = 'OWNER',
  TRAINER = 'TRAINER',
  LABELER = 'LABELER',
  DEPLOYER = 'DEPLOYER',
  READER = 'READER',
  PREDICTOR = 'PREDICTOR',
}
export enum ImageOrder {
  NEWEST = 'NEWEST',
  OLDEST = 'OLDEST',
}
export enum PredictionOrder {
  NEWEST = 'NEWEST',
  OLDEST = 'OLDEST',
  MOST_UNCERTAIN = 'MOST_UNCERTAIN',
}
export enum SuggestionOrder {
  MOST_UNCERTAIN = 'MOST_UNCERTAIN',
  LEAST_UNCERTAIN = 'LEAST_UNCERTAIN',
}
export enum TagMatch {
  ANY = 'ANY',
  ALL = 'ALL',
}
export enum AddImageStatus {
  OK = 'OK',
  DUPLICATE = 'DUPLICATE',
  REFUSED = 'REFUSED',
}

const describe = (type: object, name: string, description: string, values: Record<string, string>) =>
  registerEnumType(type, {
    name,
    description,
    valuesConfig: Object.fromEntries(Object.entries(values).map(([value, text]) => [value, { description: text }])),
  });

describe(ProjectKind, 'ProjectKind', 'Whether the models of a project classify images or detect objects.', {
  CLASSIFICATION: 'Which tags an image has as a whole.',
  DETECTION: 'Where objects are in an image, as boxes with tags.',
});
describe(ClassificationType, 'ClassificationType', 'How many tags one image may have.', {
  MULTICLASS: 'Exactly one tag per image; probabilities add up to 1.',
  MULTILABEL: 'Any number of tags per image; each probability is independent.',
});
describe(TagType, 'TagType', 'The role of a tag in training.', {
  REGULAR: 'Something to be recognised in images.',
  NEGATIVE: 'None of the regular tags; at most one per project.',
});
describe(IterationStatus, 'IterationStatus', 'Progress of a training.', {
  QUEUED: 'Waiting for a worker.',
  TRAINING: 'It is being trained.',
  COMPLETED: 'The model is ready.',
  FAILED: 'Ended without a model; see the field error.',
  CANCELLED: 'Ended on request.',
});
describe(ProjectStatus, 'ProjectStatus', 'Whether a project is complete.', {
  READY: 'It is.',
  IMPORTING: 'It is being copied from another project; see its import for the progress.',
  FAILED: 'The copy failed; see its import for the reason. What was copied before stays.',
});
describe(NotificationSubject, 'NotificationSubject', 'What a message is about.', {
  CONNECTION_TEST: 'The notification URL was set.',
  TRAINING: 'A training has ended.',
  EXPORT: 'An export has ended.',
});
describe(NotificationStatus, 'NotificationStatus', 'Whether a message has been delivered.', {
  PENDING: 'It will be sent or retried.',
  DELIVERED: 'The URL accepted it.',
  FAILED: 'Delivery was given up.',
});
describe(ExportStatus, 'ExportStatus', 'Status of an export.', {
  EXPORTING: 'It is waiting for a worker or being written.',
  DONE: 'The archive is ready.',
  FAILED: 'Ended without an archive; see the field error. It can be requested again.',
});
describe(TrainingPhase, 'TrainingPhase', 'The step of a training that is running.', {
  SNAPSHOT: 'Recording which images and tags take part.',
  FEATURES: 'Running images through the backbone.',
  HEAD: 'Fitting the classifier by cross-validation.',
  TRAINING: 'Learning by gradient descent: a detector, or a classifier together with its backbone.',
  EVALUATION: 'Measuring on images that the model was not trained on.',
  PACKAGE: 'Writing the model package.',
  DONE: 'The training has finished.',
});
describe(TrainingMode, 'TrainingMode', 'How much computation a training may take.', {
  QUICK: 'Learns on top of the frozen backbone: a classifier in seconds to minutes, a detector in minutes.',
  ADVANCED:
    'Uses up to its time budget. A classifier also adapts its backbone, which is kept unless the quick model does better. A detector trains longer, adapts its backbone as well, and also looks at each image mirrored, so that a prediction takes about twice as long.',
});
describe(ApiKeyRole, 'ApiKeyRole', 'What the holder of an API key may do.', {
  OWNER: 'Everything, including keys.',
  TRAINER: 'Reads, labels, trains and predicts; deletes tags, and all images of a project at once.',
  LABELER: 'Reads, uploads and tags images, creates tags and deletes images by their ids; cannot delete tags.',
  DEPLOYER: 'Reads, publishes and predicts.',
  READER: 'Reads.',
  PREDICTOR: 'Predicts with published models only.',
});
describe(ImageOrder, 'ImageOrder', 'The order of an image list.', {
  NEWEST: 'Latest upload first.',
  OLDEST: 'First upload first.',
});
describe(PredictionOrder, 'PredictionOrder', 'The order of a list of stored predictions.', {
  NEWEST: 'Latest first.',
  OLDEST: 'Oldest first.',
  MOST_UNCERTAIN: 'Those the model would learn most from first: the most useful to add to the images.',
});
describe(SuggestionOrder, 'SuggestionOrder', 'The order of a list of suggestions.', {
  MOST_UNCERTAIN: 'Those the model would learn most from first: the most useful to label.',
  LEAST_UNCERTAIN: 'The most certain first: those that can be accepted in bulk.',
});
describe(TagMatch, 'TagMatch', 'How several tags of a filter combine.', {
  ANY: 'The image has at least one of them.',
  ALL: 'The image has every one of them.',
});
describe(AddImageStatus, 'AddImageStatus', 'The result for one image of a batch.', {
  OK: 'Stored.',
  DUPLICATE: 'An image with the same bytes already exists; it got the new tags.',
  REFUSED: 'Not stored; see code and message.',
});
