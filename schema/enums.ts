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

describe(ProjectKind, 'ProjectKind', 'What the models of a project answer.', {
  CLASSIFICATION: 'Which tags an image has as a whole.',
  DETECTION: 'Where in an image its tags are, as boxes.',
});
describe(ClassificationType, 'ClassificationType', 'How many tags one image may have.', {
  MULTICLASS: 'Exactly one tag an image; probabilities add up to 1.',
  MULTILABEL: 'Any number of tags an image; each probability stands for itself.',
});
describe(TagType, 'TagType', 'The part a tag plays in training.', {
  REGULAR: 'Something to be recognised.',
  NEGATIVE: 'None of the regular tags; at most one a project.',
});
describe(IterationStatus, 'IterationStatus', 'How far a training has come.', {
  QUEUED: 'Waiting for a worker.',
  TRAINING: 'A worker is at it.',
  COMPLETED: 'The model is ready.',
  FAILED: 'Ended without a model; the field error says why.',
  CANCELLED: 'Ended on request.',
});
describe(ProjectStatus, 'ProjectStatus', 'Whether all of a project is here.', {
  READY: 'It is.',
  IMPORTING: 'It is being copied from another project; its import says how far that is.',
  FAILED: 'The copy broke off; its import says why. What had come by then is here.',
});
describe(NotificationSubject, 'NotificationSubject', 'What a message is about.', {
  CONNECTION_TEST: 'The address was set.',
  TRAINING: 'A training has ended.',
  EXPORT: 'An export has ended.',
});
describe(NotificationStatus, 'NotificationStatus', 'Whether a message has arrived.', {
  PENDING: 'It will be sent, or sent again.',
  DELIVERED: 'The address took it.',
  FAILED: 'It was given up.',
});
describe(ExportStatus, 'ExportStatus', 'How far an export has come.', {
  EXPORTING: 'A worker is at it, or will be.',
  DONE: 'The archive is ready.',
  FAILED: 'Ended without an archive; the field error says why. It can be asked for again.',
});
describe(TrainingPhase, 'TrainingPhase', 'The step of a training that is running.', {
  SNAPSHOT: 'Fixing which images and tags take part.',
  FEATURES: 'Running images through the backbone.',
  HEAD: 'Fitting the classifier by cross-validation.',
  TRAINING: 'Learning by gradient descent: a detector, or a classifier together with its backbone.',
  EVALUATION: 'Measuring on images that the model did not see.',
  PACKAGE: 'Writing the model package.',
  DONE: 'Nothing is left to do.',
});
describe(TrainingMode, 'TrainingMode', 'How much work a training may cost.', {
  QUICK: 'Learns on frozen features: a classifier in seconds to minutes, a detector in minutes.',
  ADVANCED:
    'Spends up to its budget: a classifier adapts the backbone as well, and is kept if that is better; a detector learns longer, its backbone too, and looks at each picture from right to left as well, so that a prediction takes about twice as long.',
});
describe(ApiKeyRole, 'ApiKeyRole', 'What the holder of an API key may do.', {
  OWNER: 'Everything, keys included.',
  TRAINER: 'Reads, labels, trains and predicts.',
  LABELER: 'Reads, uploads and tags images.',
  DEPLOYER: 'Reads, publishes and predicts.',
  READER: 'Reads.',
  PREDICTOR: 'Predicts with published models, nothing else.',
});
describe(ImageOrder, 'ImageOrder', 'The order of an image list.', {
  NEWEST: 'Latest upload first.',
  OLDEST: 'First upload first.',
});
describe(PredictionOrder, 'PredictionOrder', 'The order of a list of stored predictions.', {
  NEWEST: 'Latest first.',
  OLDEST: 'First made first.',
  MOST_UNCERTAIN: 'The most useful to add to the images first: those that the model learns most from.',
});
describe(SuggestionOrder, 'SuggestionOrder', 'The order of a list of suggestions.', {
  MOST_UNCERTAIN: 'The most useful to label first: those that the model learns most from.',
  LEAST_UNCERTAIN: 'The surest first: those that can be accepted by the page.',
});
describe(TagMatch, 'TagMatch', 'How several tags of a filter combine.', {
  ANY: 'The image has at least one of them.',
  ALL: 'The image has every one of them.',
});
describe(AddImageStatus, 'AddImageStatus', 'What became of one image of a batch.', {
  OK: 'Stored.',
  DUPLICATE: 'The same bytes were there already; new tags joined the existing image.',
  REFUSED: 'Not stored; code and message say why.',
});
