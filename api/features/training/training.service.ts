import { In, Like, type EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { forgetSuggestions } from '../../../infra/database/stale-suggestions.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { IterationStatus, ProjectKind, TrainingMode, TrainingPhase } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import { authorise, type Caller, type Permission } from '../../access/access.ts';
import { pageById, type Page, type PageArgs } from '../../connection.ts';
import { ignoreAbsence, refuseAbsence } from '../../engine-absence.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import type { Leftovers } from '../../upkeep/leftovers.ts';
import { lockProject } from '../../project-lock.ts';
import { note } from '../../request-notes.ts';
import { checkCount, checkText } from '../../input-checks.ts';
import { getDomain } from '../domains/domains.ts';
import { forgetExports } from '../exports/stale-exports.ts';
import type { ProjectService } from '../projects/project.service.ts';
import { checkEnoughImages } from './enough-images.ts';
import type { RenameIterationInput, TrainIterationInput } from './training.input.ts';
import { announceProgress, openStatuses, startRun } from './training-run.ts';

const nameLimits = { min: 1, max: 200 };
/** Enough for the whole schedule on some hundred images. */
const defaultBudgetMinutes = 30;
/** Pixels: the coarsest maps are of stride 32, and 640 is the most of which a training was seen to stay below 4 GiB. */
const detectorInputSizes = { min: 320, max: 640, step: 32 } as const;

interface TrainingServiceDeps {
  database: Database;
  leftovers: Leftovers;
  engine: Engine;
  projects: ProjectService;
  limits: Limits;
}

export class TrainingService {
  constructor(private readonly deps: TrainingServiceDeps) {}

  async get(caller: Caller, permission: Permission, id: string): Promise<Iteration> {
    const iteration = await this.deps.database.read.manager.findOneBy(Iteration, { id });
    if (!iteration) throw notFound('iteration', id);
    note({ iterationId: id });
    authorise(caller, permission, iteration.projectId);
    return iteration;
  }

  async list(caller: Caller, projectId: string, page: PageArgs): Promise<Page<Iteration>> {
    await this.deps.projects.get(caller, 'read', projectId);
    const query = this.deps.database.read.getRepository(Iteration).createQueryBuilder('iteration');
    return pageById(query.where({ projectId }), page);
  }

  /** @throws DomainError NOT_FOUND while the project has none */
  async getNewestModel(caller: Caller, projectId: string): Promise<Iteration> {
    await this.deps.projects.get(caller, 'read', projectId);
    const newest = await this.findNewestModel(projectId);
    if (!newest) throw notFound('iteration that is complete in project', projectId);
    return newest;
  }

  /** The iteration that was started last among those that are complete. */
  findNewestModel(projectId: string): Promise<Iteration | null> {
    const where = { projectId, status: IterationStatus.COMPLETED };
    return this.deps.database.read.manager.findOne(Iteration, { where, order: { id: 'DESC' } });
  }

  /** The row is the promise, the run comes after it; `RunWatch` starts it when that did not work out now. */
  async train(caller: Caller, input: TrainIterationInput): Promise<Iteration> {
    const { database, projects, limits } = this.deps;
    const { id: projectId, kind } = await projects.get(caller, 'train', input.projectId);
    const budgetMinutes = checkBudget(input, limits);
    checkDetectorOptions(kind, input);
    checkCount('tagIds', input.tagIds ?? [], limits.tagsPerProject, 0);
    const id = await OnceOnly.of(database, caller, 'trainIteration', input).transact(async (manager) => {
      const project = await lockProject(manager, projectId);
      await refuseSecondTraining(manager, projectId);
      await checkEnoughImages(manager, project, input.tagIds ?? null, limits);
      const row = await newIteration(manager, project, input, budgetMinutes);
      if (!input.force) await refuseNeedlessTraining(manager, row);
      await manager.insert(Iteration, row);
      await announceProgress(manager, row);
      return row.id;
    });
    await startRun(this.deps.engine, { id, projectId }).catch(ignoreAbsence);
    return this.get(caller, 'train', id);
  }

  async cancel(caller: Caller, id: string): Promise<Iteration> {
    const iteration = await this.get(caller, 'train', id);
    if (!openStatuses.includes(iteration.status)) return iteration;
    const { engine } = this.deps;
    // A run must be there to be cancelled, or one that is started later would not know of it.
    await startRun(engine, iteration)
      .then(() => engine.cancel(id))
      .catch(refuseAbsence('training'));
    return this.get(caller, 'train', id);
  }

  async rename(caller: Caller, { id, name }: RenameIterationInput): Promise<Iteration> {
    const iteration = await this.get(caller, 'train', id);
    const changes = { name: checkText('name', name, nameLimits) };
    await this.deps.database.transact((manager) => manager.update(Iteration, { id }, changes));
    return { ...iteration, ...changes };
  }

  async delete(caller: Caller, id: string): Promise<string> {
    const { projectId } = await this.get(caller, 'train', id);
    const archives = await this.deps.database.transact(async (manager) => {
      await lockProject(manager, projectId);
      await refuseInUse(manager, id);
      await manager.delete(ShardProgress, { iterationId: id });
      await forgetSuggestions(manager, { iterationId: id });
      await manager.delete(Iteration, { id });
      return forgetExports(manager, { iterationId: id });
    });
    await this.deps.leftovers.remove([...archives, keys.iteration(id)]);
    return id;
  }
}

/** @throws DomainError NOT_TRAINED */
export function checkTrained({ name, status }: Iteration): void {
  if (status === IterationStatus.COMPLETED) return;
  const message = `Iteration ${JSON.stringify(name)} is ${status}; only a COMPLETED iteration has a model.`;
  throw new DomainError('NOT_TRAINED', message, { status });
}

/** Null for QUICK trainings, which take what they take. */
function checkBudget({ mode, budgetMinutes }: TrainIterationInput, { trainingMinutes: max }: Limits): number | null {
  const field = 'budgetMinutes';
  if (mode === TrainingMode.QUICK) {
    if (budgetMinutes == null) return null;
    throw new DomainError('INVALID', `${field} is for ADVANCED trainings only.`, { field, value: budgetMinutes });
  }
  const value = budgetMinutes ?? Math.min(defaultBudgetMinutes, max);
  if (value >= 1 && value <= max) return value;
  throw new DomainError('INVALID', `${field} must be 1 to ${max}; it is ${value}.`, { field, min: 1, max, value });
}

function checkDetectorOptions(kind: ProjectKind, { isTiled, inputSize }: TrainIterationInput): void {
  if (kind === ProjectKind.CLASSIFICATION) {
    if (isTiled) throw onlyForDetection('isTiled', isTiled);
    if (inputSize != null) throw onlyForDetection('inputSize', inputSize);
    return;
  }
  const { min, max, step } = detectorInputSizes;
  if (inputSize == null || (inputSize >= min && inputSize <= max && inputSize % step === 0)) return;
  const message = `inputSize must be a multiple of ${step} from ${min} to ${max}; it is ${inputSize}.`;
  throw new DomainError('INVALID', message, { field: 'inputSize', min, max, value: inputSize });
}

function onlyForDetection(field: string, value: unknown): DomainError {
  return new DomainError('INVALID', `${field} is for detection projects only.`, { field, value });
}

async function refuseSecondTraining(manager: EntityManager, projectId: string): Promise<void> {
  const other = await manager.findOneBy(Iteration, { projectId, status: In(openStatuses) });
  if (!other) return;
  const message = `Iteration ${JSON.stringify(other.name)} is still training; wait for it or cancel it.`;
  throw new DomainError('TRAINING_RUNNING', message, { iterationId: other.id });
}

/** The last completed training with the same recipe already shows what this one would. */
async function refuseNeedlessTraining(manager: EntityManager, row: Iteration): Promise<void> {
  const { projectId, contentVersion, backbone, seed, mode } = row;
  const status = IterationStatus.COMPLETED;
  const same = await manager.findBy(Iteration, { projectId, contentVersion, backbone, seed, mode, status });
  const twin = same.find(
    ({ tagIds, budgetMinutes, domainId, inputSize, isTiled }) =>
      JSON.stringify(tagIds) === JSON.stringify(row.tagIds) &&
      budgetMinutes === row.budgetMinutes &&
      isTiled === row.isTiled &&
      (domainId ?? row.domainId) === row.domainId &&
      (inputSize ?? row.inputSize) === row.inputSize,
  );
  if (!twin) return;
  const message = `No image or tag has changed since iteration ${JSON.stringify(twin.name)}; pass force: true to train again.`;
  throw new DomainError('TRAINING_NOT_NEEDED', message, { iterationId: twin.id });
}

async function refuseInUse(manager: EntityManager, id: string): Promise<void> {
  const iteration = await manager.findOneBy(Iteration, { id });
  if (!iteration) throw notFound('iteration', id);
  const { status, name } = iteration;
  const title = `Iteration ${JSON.stringify(name)}`;
  if (openStatuses.includes(status))
    throw new DomainError('TRAINING_RUNNING', `${title} is still training; cancel it before deleting it.`);
  const publication = await manager.findOneBy(Publication, { iterationId: id });
  if (!publication) return;
  const message = `${title} is published as ${JSON.stringify(publication.name)}; unpublish it before deleting it.`;
  throw new DomainError('PUBLISHED', message, { publicationId: publication.id });
}

/** After the highest number that is there: iterations may have been deleted. */
async function nextName(manager: EntityManager, projectId: string): Promise<string> {
  const like = { projectId, name: Like('Iteration %') };
  const numbered = await manager.find(Iteration, { select: { id: true, name: true }, where: like });
  const numbers = numbered.map(({ name }) => Number(/^Iteration (\d{1,9})$/.exec(name)?.[1] ?? 0));
  return `Iteration ${Math.max(0, ...numbers) + 1}`;
}

async function newIteration(
  manager: EntityManager,
  project: Project,
  input: TrainIterationInput,
  budgetMinutes: number | null,
): Promise<Iteration> {
  const { id: projectId, domainId, contentVersion } = project;
  const name = input.name == null ? await nextName(manager, projectId) : checkText('name', input.name, nameLimits);
  const tagIds = input.tagIds == null ? null : [...new Set(input.tagIds)].sort();
  const state = { status: IterationStatus.QUEUED, phase: TrainingPhase.SNAPSHOT, fraction: 0, progressedAt: 0 };
  const domain = getDomain(domainId);
  const { backbone } = domain;
  const { mode, seed, isTiled } = input;
  const inputSize = input.inputSize ?? domain.inputSize;
  const recipe = { mode, budgetMinutes, backbone, inputSize, isTiled, tagIds, contentVersion, seed };
  const open = { snapshotSha256: null, modelSha256: null, error: null, trainedAt: null, imageCount: 0, warnings: [] };
  const learned = { trainingCurve: null, comparison: null };
  const message = 'Waiting for a worker.';
  return {
    id: newId(),
    projectId,
    domainId,
    name,
    ...state,
    message,
    ...recipe,
    ...open,
    ...learned,
    createdAt: new Date(),
  };
}
