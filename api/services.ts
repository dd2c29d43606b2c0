import type { Config } from '../infra/config.ts';
import type { Database } from '../infra/database/database.ts';
import type { EventTail } from '../infra/events/tail.ts';
import type { Logger } from '../infra/logger.ts';
import type { Metrics } from '../infra/metrics.ts';
import type { EvaluationPort } from '../schema/contracts/evaluation.ts';
import type { PredictionPort } from '../schema/contracts/prediction.ts';
import type { Storage } from '../infra/storage/storage.ts';
import type { Engine } from '../workflows/engines/engine.ts';
import type { Context } from './context.ts';
import { CopyService } from './features/copies/copy.service.ts';
import { EvaluationService } from './features/evaluation/evaluation.service.ts';
import { ExportService } from './features/exports/export.service.ts';
import { ImageFiles } from './features/images/image-files.ts';
import { ImageIntake } from './features/images/image-intake.ts';
import { ImageService } from './features/images/image.service.ts';
import { ImageSources } from './features/images/image-source.ts';
import { SnapshotImages } from './features/images/snapshot-images.ts';
import { UploadService } from './features/images/upload.service.ts';
import { KeyService } from './features/keys/key.service.ts';
import { NotificationService } from './features/notifications/notification.service.ts';
import { PredictionService } from './features/prediction/prediction.service.ts';
import { Predictor } from './features/prediction/predictor.ts';
import { ProjectService } from './features/projects/project.service.ts';
import { ProposalService } from './features/proposals/proposal.service.ts';
import { PublishingService } from './features/publishing/publishing.service.ts';
import { RegionService } from './features/regions/region.service.ts';
import { SuggestionService } from './features/suggestions/suggestion.service.ts';
import { SnapshotTags } from './features/tags/snapshot-tags.ts';
import { TagService } from './features/tags/tag.service.ts';
import { ProgressStream } from './features/training/progress-stream.ts';
import { TrainingService } from './features/training/training.service.ts';
import { Gate } from './gate.ts';
import { Leftovers } from './upkeep/leftovers.ts';
import { parseEventId } from './row-progress.ts';
import { RateLimit } from './access/rate-limit.ts';
import type { UrlSigner } from './access/signing.ts';

export interface ServiceDeps {
  config: Pick<Config, 'limits' | 'predictions' | 'rateLimits' | 'urls'>;
  database: Database;
  storage: Storage;
  engine: Engine;
  tail: EventTail;
  signer: UrlSigner;
  metrics: Metrics;
  logger: Logger;
  predictions: PredictionPort;
  evaluations: EvaluationPort;
}

export type Services = ReturnType<typeof createServices>;

/** Pictures that are looked at or rendered at the same time: each may take the memory of a decoded picture. */
const pictureConcurrency = 4;

/** Pictures in the hands of models at the same time for suggestions and proposals: the rest is for those who ask for a prediction. */
const labellingConcurrency = 2;

/** Everything the transports call, wired once for the process. */
export function createServices(deps: ServiceDeps) {
  const { config, database, storage, engine, tail, signer, metrics, logger } = deps;
  const { limits } = config;
  const pictures = new Gate({ concurrency: pictureConcurrency, queueLimit: Infinity });
  const leftovers = new Leftovers(storage, logger);
  const projects = new ProjectService(database, leftovers);
  const uploads = new UploadService(database, storage, projects, signer, limits);
  const sources = new ImageSources(uploads, config.urls);
  const intake = new ImageIntake(storage, sources, limits, pictures);
  const images = new ImageService({
    database,
    leftovers,
    projects,
    uploads,
    intake,
    limits,
    snapshots: new SnapshotImages(database, storage),
  });
  const training = new TrainingService({ database, leftovers, engine, projects, limits });
  const predictor = createPredictor(deps);
  const stream = new ProgressStream(database, tail);
  const { retentionDays } = config.predictions;
  const { predictionsPerMinute } = config.rateLimits;
  const regions = new RegionService(database, images, limits);
  const gate = new Gate({ concurrency: labellingConcurrency, queueLimit: Infinity });
  const limit = new RateLimit(database, { name: 'predictions', perMinute: predictionsPerMinute, metrics });
  const predictionDeps = { database, storage, leftovers, predictor, projects, images, uploads, sources, limit };
  return {
    projects,
    uploads,
    images,
    training,
    predictor,
    imageFiles: new ImageFiles(database, storage, signer, pictures),
    regions,
    suggestions: new SuggestionService({ database, storage, images, regions, training, predictor, limits, gate }),
    proposals: new ProposalService({ database, storage, training, predictor, gate }),
    tags: new TagService(database, projects, limits),
    snapshotTags: new SnapshotTags(database, deps.evaluations),
    evaluation: new EvaluationService(deps.evaluations),
    exports: new ExportService({ database, storage, leftovers, engine, tail, signer, training }),
    copies: new CopyService({ database, storage, engine, tail, signer, projects, limits, urls: config.urls }),
    notifications: new NotificationService(database, projects),
    publishing: new PublishingService(database, training),
    predictions: new PredictionService({ ...predictionDeps, limits, retentionDays }),
    keys: new KeyService(database, projects),
    progress: async ({ caller }: Pick<Context, 'caller'>, iterationId: string, after?: string | null) =>
      stream.follow(await training.get(caller, 'read', iterationId), parseEventId(after)),
  };
}

function createPredictor({ config, predictions, metrics }: ServiceDeps): Predictor {
  const { concurrency, queueLimit } = config.predictions;
  const onDepth = (waiting: number): void => metrics.predictionQueueDepth.set(waiting);
  return new Predictor(predictions, new Gate({ concurrency, queueLimit, onDepth }), metrics);
}
