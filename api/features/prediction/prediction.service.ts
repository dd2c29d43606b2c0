import { createHash } from 'node:crypto';
import { In, type EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import type { Image } from '../../../schema/entities/image.entity.ts';
import type { PredictionTask } from '../../../schema/contracts/prediction.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Prediction } from '../../../schema/entities/prediction.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { PredictionOrder, type AddImageStatus } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { authorise, type Caller } from '../../access/access.ts';
import type { Page } from '../../connection.ts';
import { DomainError, isErrorCode, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import type { Leftovers } from '../../upkeep/leftovers.ts';
import type { RateLimit } from '../../access/rate-limit.ts';
import { note } from '../../request-notes.ts';
import { checkText } from '../../input-checks.ts';
import type { AddImageResult } from '../images/image.input.ts';
import type { ImageService } from '../images/image.service.ts';
import type { ImageSources } from '../images/image-source.ts';
import type { UploadService } from '../images/upload.service.ts';
import type { ProjectService } from '../projects/project.service.ts';
import { checkTrained } from '../training/training.service.ts';
import type { AddPredictionToImagesInput, PredictInput, PredictionListArgs } from './prediction.input.ts';
import { orderedPage, queryPredictions, type PredictionQuery, type PredictionQueryPage } from './prediction-query.ts';
import { imageRefused, type Predictor } from './predictor.ts';
import { fittingResults } from './stored-results.ts';
import { unpublished } from './unpublished.ts';

const dayMs = 86_400_000;

/** What to ask, and what to do with the answer. */
export interface Question {
  projectId: string;
  publishedName: string | null;
  iterationId: string | null;
  application?: string | null;
  store: boolean;
  explain: boolean;
}

interface PredictionServiceDeps {
  database: Database;
  storage: Storage;
  leftovers: Leftovers;
  predictor: Predictor;
  projects: ProjectService;
  images: ImageService;
  uploads: UploadService;
  /** How often one key may ask. */
  limit: RateLimit;
  sources: ImageSources;
  limits: Pick<Limits, 'trainingImageBytes' | 'predictionImageBytes'>;
  retentionDays: number;
}

export class PredictionService {
  constructor(private readonly deps: PredictionServiceDeps) {}

  async predictFromSource(caller: Caller, input: PredictInput): Promise<Prediction> {
    authoriseQuestion(caller, input);
    const { projectId, publishedName = null, iterationId = null, application = null, store, explain } = input;
    const question = { projectId, publishedName, iterationId, application, store, explain };
    const { trainingImageBytes, predictionImageBytes } = this.deps.limits;
    // Whoever tries an iteration has pictures of the size that it learned from, as at Azure.
    const maxBytes = iterationId === null ? predictionImageBytes : trainingImageBytes;
    const read = async (): Promise<Buffer> => (await this.deps.sources.read(projectId, input.image, maxBytes)).bytes;
    const prediction = store
      ? await this.askOnce(OnceOnly.of(this.deps.database, caller, 'predict', input), caller, question, read)
      : await this.ask(caller, question, await read());
    if (input.image.uploadId != null) await this.deps.uploads.discard([input.image.uploadId]);
    return prediction;
  }

  predict(caller: Caller, question: Question, bytes: Buffer): Promise<Prediction> {
    authoriseQuestion(caller, question);
    if (!question.store) return this.ask(caller, question, bytes);
    const asked = { question, sha256: createHash('sha256').update(bytes).digest('hex') };
    const once = OnceOnly.of(this.deps.database, caller, 'predict', asked);
    return this.askOnce(once, caller, question, () => Promise.resolve(bytes));
  }

  async list(caller: Caller, projectId: string, args: PredictionListArgs): Promise<Page<Prediction>> {
    await this.deps.projects.get(caller, 'read', projectId);
    const query = this.deps.database.read.getRepository(Prediction).createQueryBuilder('prediction');
    query.where({ projectId }).useIndex(indexFor(args));
    if (args.iterationId) query.andWhere({ iterationId: args.iterationId });
    if (args.publishedName) query.andWhere({ publishedName: args.publishedName });
    return orderedPage(query, args.orderBy, args);
  }

  /** @throws DomainError NOT_FOUND for one that the project does not have; then nothing is deleted */
  async deleteMany(caller: Caller, projectId: string, ids: readonly string[]): Promise<void> {
    await this.deps.projects.get(caller, 'label', projectId);
    const found = await this.deps.database.read.manager.findBy(Prediction, { projectId, id: In([...ids]) });
    const missing = ids.find((id) => !found.some((prediction) => prediction.id === id));
    if (missing !== undefined) throw notFound('stored prediction', missing);
    for (const prediction of found) await this.delete(prediction);
  }

  /** Stored predictions that meet a query, in its order, from a place on. */
  async query(caller: Caller, projectId: string, query: PredictionQuery): Promise<PredictionQueryPage> {
    await this.deps.projects.get(caller, 'read', projectId);
    return queryPredictions(this.deps.database, projectId, query);
  }

  /**
   * The picture joins the training images as if it had been uploaded, and the prediction goes.
   * @param ofProject where it must be from, when the caller has named a project
   */
  async addToImages(
    caller: Caller,
    input: AddPredictionToImagesInput,
    ofProject?: string,
  ): Promise<{ image: Image; status: AddImageStatus }> {
    const { database, leftovers, images } = this.deps;
    const once = OnceOnly.of(database, caller, 'addPredictionToImages', input);
    const { imageId, status } = await once.run(
      () => this.takeIn(caller, input, ofProject),
      async (manager, taken) => {
        await manager.delete(Prediction, { id: input.predictionId });
        return taken;
      },
    );
    const image = await images.get(caller, 'label', imageId);
    await leftovers.remove([keys.prediction(image.projectId, input.predictionId)]);
    return { image, status };
  }

  /** Taken in twice, it is the same image. */
  private async takeIn(
    caller: Caller,
    { predictionId, ...labels }: AddPredictionToImagesInput,
    ofProject?: string,
  ): Promise<{ imageId: string; status: AddImageStatus }> {
    const { storage, images } = this.deps;
    const { projectId } = await this.getStored(predictionId);
    if (ofProject !== undefined && projectId !== ofProject) throw notFound('stored prediction', predictionId);
    authorise(caller, 'label', projectId);
    const bytes = await storage.get(keys.predictionOriginal(projectId, predictionId));
    const source = { base64: bytes.toString('base64') };
    const batch = {
      projectId,
      tagIds: [],
      images: [{ source, ...labels, name: `prediction ${predictionId}`, isTest: false }],
    };
    const { results } = await images.add({ ...caller, idempotencyKey: null }, batch);
    const [{ imageId, status, code, message, reason }] = results as [AddImageResult];
    if (code !== null) throw refusedAlone(code, message, reason);
    return { imageId: imageId as string, status };
  }

  /** Deletes what is past its time. Returns how many went. */
  async expire(): Promise<number> {
    const query = this.deps.database.read.getRepository(Prediction).createQueryBuilder('prediction');
    const old = await query.where('prediction.expiresAt < :now', { now: new Date() }).take(500).getMany();
    for (const prediction of old) await this.delete(prediction);
    return old.length;
  }

  /** Asked of the database each time, so that publishing takes effect at once in every process. */
  private async resolveModel(
    caller: Caller,
    { projectId, publishedName, iterationId }: Question,
  ): Promise<Pick<PredictionTask, 'iterationId' | 'suppression'>> {
    const { manager } = this.deps.database.read;
    if ((publishedName === null) === (iterationId === null))
      throw new DomainError('INVALID', 'Exactly one of publishedName and iterationId must be given.', {
        field: 'publishedName',
      });
    if (publishedName !== null) {
      const publication = await manager.findOneBy(Publication, { projectId, name: publishedName });
      if (!publication) throw await unpublished(manager, caller, projectId, publishedName);
      const { iouThreshold, maxBoxes } = publication;
      return { iterationId: publication.iterationId, suppression: { iouThreshold, maxBoxes } };
    }
    const iteration = await manager.findOneBy(Iteration, { id: iterationId ?? '', projectId });
    if (!iteration) throw notFound('iteration of this project', iterationId ?? '');
    checkTrained(iteration);
    return { iterationId: iteration.id, suppression: null };
  }

  private async ask(caller: Caller, question: Question, bytes: Buffer): Promise<Prediction> {
    const { projectId, publishedName } = question;
    const application =
      question.application == null ? null : checkText('application', question.application, { max: 255 });
    await this.deps.limit.take(caller);
    const model = await this.resolveModel(caller, question);
    const { iterationId } = model;
    note({ iterationId });
    const said = await this.deps.predictor.predict({ ...model, bytes, explain: question.explain });
    const createdAt = new Date();
    const kept = { isStored: question.store, expiresAt: question.store ? this.expiry(createdAt) : null };
    return { id: newId(), projectId, iterationId, publishedName, application, ...said, createdAt, ...kept };
  }

  /** Keeps the answer. Asked again under the same Idempotency-Key, it is answered as it was kept. */
  private async askOnce(
    once: OnceOnly,
    caller: Caller,
    question: Question,
    read: () => Promise<Buffer>,
  ): Promise<Prediction> {
    const answered: Prediction[] = [];
    const prepare = async (): Promise<Prediction> => {
      const bytes = await read();
      const prediction = await this.ask(caller, question, bytes);
      await this.deps.storage.put(keys.predictionOriginal(prediction.projectId, prediction.id), bytes);
      answered.push(prediction);
      return prediction;
    };
    const id = await once.run(prepare, (manager, prediction) => store(manager, prediction));
    return answered.find((prediction) => prediction.id === id) ?? this.getStored(id);
  }

  private async getStored(id: string): Promise<Prediction> {
    const prediction = await this.deps.database.read.manager.findOneBy(Prediction, { id });
    if (!prediction) throw notFound('stored prediction', id);
    return prediction;
  }

  private async delete({ id, projectId }: Prediction): Promise<void> {
    await this.deps.database.transact((manager) => manager.delete(Prediction, { id }));
    await this.deps.leftovers.remove([keys.prediction(projectId, id)]);
  }

  private expiry(createdAt: Date): Date {
    return new Date(createdAt.getTime() + this.deps.retentionDays * dayMs);
  }
}

/** Heat maps are drawn for the moment and not kept. */
async function store(manager: EntityManager, prediction: Prediction): Promise<string> {
  const results = fittingResults(prediction.results.map((result) => ({ ...result, heatmap: null })));
  await manager.insert(Prediction, { ...prediction, results });
  return prediction.id;
}

/** What is not published is for those who may look at the project. @throws DomainError FORBIDDEN */
function authoriseQuestion(
  caller: Caller,
  { projectId, iterationId }: Pick<PredictInput, 'projectId' | 'iterationId'>,
): void {
  authorise(caller, 'predict', projectId);
  if (iterationId != null) authorise(caller, 'read', projectId);
}

/** What refuses a picture within a batch, as the refusal of a whole request. */
function refusedAlone(code: string, message: string | null, reason: string | null): DomainError {
  const text = message ?? 'The image was refused.';
  const details = reason === null ? {} : { reason };
  return isErrorCode(code) ? new DomainError(code, text, details) : imageRefused({ code, message: text, details });
}

function indexFor({ iterationId, publishedName, orderBy }: PredictionListArgs): string {
  if (orderBy === PredictionOrder.MOST_UNCERTAIN) return 'IX_prediction_project_id_uncertainty_id';
  if (publishedName) return 'IX_prediction_project_id_published_name_id';
  return iterationId ? 'IX_prediction_project_id_iteration_id_id' : 'IX_prediction_project_id_id';
}
