import { type EntityManager } from 'typeorm';
import type { Config } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import type { EventTail } from '../../../infra/events/tail.ts';
import {
  announceImport,
  importStep,
  importTopic,
  type ImportStep,
} from '../../../infra/project-copies/announce-import.ts';
import { CopyRefused, type CopySource, type ProjectContents } from '../../../infra/project-copies/contents.ts';
import { LocalSource } from '../../../infra/project-copies/local-source.ts';
import { RemoteSource } from '../../../infra/project-copies/remote-source.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { UrlRefusal } from '../../../infra/urls/fetch-url.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { ProjectImport } from '../../../schema/entities/project-import.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { IterationStatus, ProjectStatus } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import { authorise, type Caller } from '../../access/access.ts';
import { ignoreAbsence, refuseAbsence } from '../../engine-absence.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import { parseEventId, RowProgress } from '../../row-progress.ts';
import type { UrlSigner } from '../../access/signing.ts';
import type { ProjectService } from '../projects/project.service.ts';
import type { ImportProgress, ImportProjectInput, ProjectCopyToken } from './copy.input.ts';
import { copyPath, readToken, tokenOf, type CopyAddress } from './copy-token.ts';
import { startImport } from './import-runs.ts';

interface CopyServiceDeps extends Pick<Config, 'limits' | 'urls'> {
  database: Database;
  storage: Storage;
  engine: Engine;
  tail: EventTail;
  signer: UrlSigner;
  projects: ProjectService;
}

/** Long enough for a large project over a slow line, or for a server that is away for a weekend. */
const tokenLifetimeMs = 3 * 24 * 3_600_000;
/** A guess, not measured: an image is fetched, looked at and stored again. */
const estimatedMs = { each: 40, all: 1000 };

/** Projects that go from one place to another by a token. */
export class CopyService {
  private readonly progress: RowProgress<Project, ImportStep>;

  constructor(private readonly deps: CopyServiceDeps) {
    const isOver = (status: string): boolean => status !== ProjectStatus.IMPORTING.valueOf();
    this.progress = new RowProgress(deps.database, deps.tail, { topic: importTopic, entity: Project, isOver });
  }

  async createToken(caller: Caller, projectId: string): Promise<ProjectCopyToken> {
    const { database, projects, signer } = this.deps;
    const { id, imageCount } = await projects.get(caller, 'train', projectId);
    const { url, expiresAt } = signer.sign(copyPath(id), tokenLifetimeMs);
    const { manager } = database.read;
    const [tagCount, regionCount, iterationCount] = await Promise.all([
      manager.countBy(Tag, { projectId: id }),
      manager.countBy(Region, { projectId: id }),
      manager.countBy(Iteration, { projectId: id, status: IterationStatus.COMPLETED }),
    ]);
    const estimatedImportMs = estimatedMs.all + estimatedMs.each * imageCount;
    return { token: tokenOf(url), expiresAt, imageCount, tagCount, regionCount, iterationCount, estimatedImportMs };
  }

  /** Project and tags are there when it answers; images and iterations follow. */
  async import(caller: Caller, input: ImportProjectInput): Promise<Project> {
    authorise(caller, 'train', null);
    const { database, engine, projects } = this.deps;
    const id = await OnceOnly.of(database, caller, 'importProject', input).run(
      () => this.read(readToken(input.token)),
      (manager, found) => this.makeRows(manager, found, input.name ?? null),
    );
    await startImport(engine, { id }).catch(ignoreAbsence);
    return projects.get(caller, 'train', id);
  }

  async cancel(caller: Caller, projectId: string): Promise<Project> {
    const { engine, projects } = this.deps;
    const project = await projects.get(caller, 'train', projectId);
    if (project.status !== ProjectStatus.IMPORTING) return project;
    // A run must be there to be cancelled, or one that is started later would not know of it.
    await startImport(engine, project)
      .then(() => engine.cancel(projectId))
      .catch(refuseAbsence('import'));
    return projects.get(caller, 'train', projectId);
  }

  async *follow(caller: Caller, projectId: string, after?: string | null): AsyncGenerator<ImportProgress> {
    const { database, projects } = this.deps;
    const started = await projects.get(caller, 'read', projectId);
    const found = await database.read.manager.findOneBy(ProjectImport, { projectId: started.id });
    if (!found) throw notFound('import of the project', projectId);
    for await (const { eventId, step, row } of this.progress.follow(started, parseEventId(after)))
      yield { eventId, ...(step ?? importStep(row.status, found)), project: row };
  }

  /** What is served to whoever has a token of the project. */
  sourceOf(projectId: string): CopySource {
    const { database, storage } = this.deps;
    const source = new LocalSource(database, storage, projectId);
    const refuse = (error: unknown) => refuseDeleted(error, projectId);
    return {
      contents: () => source.contents().catch(refuse),
      images: (after) => source.images(after).catch(refuse),
      original: (imageId) => source.original(imageId),
      iteration: (after) => source.iteration(after).catch(refuse),
      iterationFile: (iterationId, file) => source.iterationFile(iterationId, file),
    };
  }

  private async read(address: CopyAddress): Promise<Found> {
    const { database, storage, urls, limits } = this.deps;
    const isLocal = this.isOurs(address);
    const source = isLocal
      ? new LocalSource(database, storage, address.projectId)
      : new RemoteSource(address.url, { ...urls, maxImageBytes: limits.trainingImageBytes });
    try {
      return { address, isLocal, contents: await source.contents() };
    } catch (error) {
      if (!(error instanceof UrlRefusal || error instanceof CopyRefused)) throw error;
      throw new DomainError('INVALID', `token: ${error.message}`, { field: 'token' });
    }
  }

  /** A token that we signed names a project of ours, under whatever address it was asked for. */
  private isOurs({ projectId, query }: CopyAddress): boolean {
    try {
      this.deps.signer.check(copyPath(projectId), query);
      return true;
    } catch {
      return false;
    }
  }

  private async makeRows(manager: EntityManager, found: Found, name: string | null): Promise<string> {
    const { contents, address, isLocal } = found;
    const { exportPlatforms, ...facts } = contents.project;
    const project = this.deps.projects.newRow({ ...facts, name: name ?? facts.name, exportPlatforms });
    await manager.insert(Project, { ...project, status: ProjectStatus.IMPORTING });
    const tags = this.newTags(project.id, contents);
    await manager.insert(Tag, [...tags.values()]);
    await manager.insert(ProjectImport, {
      projectId: project.id,
      sourceUrl: address.url,
      localProjectId: isLocal ? address.projectId : null,
      tagIds: Object.fromEntries([...tags].map(([sourceId, { id }]) => [sourceId, id])),
      imageCount: contents.imageCount,
      lastImageId: null,
      importedCount: 0,
      leftOutCount: 0,
      iterationCount: contents.iterationCount,
      lastIterationId: null,
      importedIterationCount: 0,
      leftOutIterationCount: 0,
      error: null,
      finishedAt: null,
      createdAt: new Date(),
    });
    await announceImport(manager, project.id);
    return project.id;
  }

  /** By the ids of those that they are copies of. */
  private newTags(projectId: string, { tags, imageCount }: ProjectContents): Map<string, Tag> {
    const { limits } = this.deps;
    checkRoom('tags', tags.length, limits.tagsPerProject);
    checkRoom('images', imageCount, limits.imagesPerProject);
    const createdAt = new Date();
    return new Map(
      tags.map(({ id, name, description, type }) => [
        id,
        { id: newId(), projectId, name: name.slice(0, 128), description, type, imageCount: 0, createdAt },
      ]),
    );
  }
}

interface Found {
  address: CopyAddress;
  isLocal: boolean;
  contents: ProjectContents;
}

function checkRoom(what: string, value: number, max: number): void {
  if (value <= max) return;
  throw new DomainError('LIMIT_REACHED', `The source has ${value} ${what}; a project on this server may have ${max}.`, {
    max,
    value,
  });
}

function refuseDeleted(error: unknown, projectId: string): never {
  if (error instanceof CopyRefused) throw notFound('project', projectId);
  throw error;
}
