import { Project } from './project.entity.ts';
import { ProjectImport } from './project-import.entity.ts';
import { Notification } from './notification.entity.ts';
import { Tag } from './tag.entity.ts';
import { Image } from './image.entity.ts';
import { ImageTag } from './image-tag.entity.ts';
import { ImageMetadata } from './image-metadata.entity.ts';
import { Region } from './region.entity.ts';
import { Upload } from './upload.entity.ts';
import { Iteration } from './iteration.entity.ts';
import { Export } from './export.entity.ts';
import { CachedFeature } from './cached-feature.entity.ts';
import { ShardProgress } from './shard-progress.entity.ts';
import { Publication } from './publication.entity.ts';
import { Prediction } from './prediction.entity.ts';
import { Suggestion } from './suggestion.entity.ts';
import { SuggestedTag } from './suggested-tag.entity.ts';
import { ApiKey } from './api-key.entity.ts';
import { ApiKeyDigest } from './api-key-digest.entity.ts';
import { IdempotentAnswer } from './idempotent-answer.entity.ts';
import { EventRow } from './event.entity.ts';
import { RateWindow } from './rate-window.entity.ts';
import { RunRow } from './run.entity.ts';
import { RunStepRow } from './run-step.entity.ts';
import { ServerSecret } from './server-secret.entity.ts';
import { Chore } from './chore.entity.ts';

/** Every table of the service. */
export const entities = [
  Project,
  ProjectImport,
  Notification,
  Tag,
  Image,
  ImageTag,
  ImageMetadata,
  Region,
  Upload,
  Iteration,
  Export,
  CachedFeature,
  ShardProgress,
  Publication,
  Prediction,
  Suggestion,
  SuggestedTag,
  ApiKey,
  ApiKeyDigest,
  IdempotentAnswer,
  RateWindow,
  EventRow,
  RunRow,
  RunStepRow,
  ServerSecret,
  Chore,
];
