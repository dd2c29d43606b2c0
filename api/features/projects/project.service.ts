import { In, type EntityManager } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { importTopic } from '../../../infra/project-copies/announce-import.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ApiKeyDigest } from '../../../schema/entities/api-key-digest.entity.ts';
import { ApiKey } from '../../../schema/entities/api-key.entity.ts';
import { ImageTag } from '../../../schema/entities/image-tag.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Notification } from '../../../schema/entities/notification.entity.ts';
import { ProjectImport } from '../../../schema/entities/project-import.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { ShardProgress } from '../../../schema/entities/shard-progress.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { Upload } from '../../../schema/entities/upload.entity.ts';
import { ClassificationType, IterationStatus, ProjectKind, ProjectStatus } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { authorise, may, type Caller, type Permission } from '../../access/access.ts';
import { pageById, type Page, type PageArgs } from '../../connection.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import type { Leftovers } from '../../upkeep/leftovers.ts';
import { lockProject } from '../../project-lock.ts';
import { checkText, containsText, likePattern } from '../../input-checks.ts';
import { domainFor } from '../domains/domains.ts';
import { forgetExports } from '../exports/stale-exports.ts';
import { markChanged } from '../tags/tagging.ts';
import { clearGoneProject } from './gone-projects.ts';
import type { CreateProjectInput, UpdateProjectInput } from './project.input.ts';

const nameLimits = { min: 1, max: 200 };
const descriptionLimits = { max: 2000, isMultiline: true };

export class ProjectService {
  constructor(
    private readonly database: Database,
    private readonly leftovers: Leftovers,
  ) {}

  /** The project, once the caller is known to have the permission in it. */
  async get(caller: Caller, permission: Permission, id: string): Promise<Project> {
    authorise(caller, permission, id);
    const project = await this.database.read.manager.findOneBy(Project, { id });
    if (!project) throw notFound('project', id);
    return project;
  }

  async list(caller: Caller, page: PageArgs, search?: string | null): Promise<Page<Project>> {
    authorise(caller, 'read', caller.projectId);
    const query = this.database.read.getRepository(Project).createQueryBuilder('project');
    if (caller.projectId !== null) query.andWhere('project.id = :only', { only: caller.projectId });
    if (search) query.andWhere(containsText('project.name', 'search'), { search: likePattern(search) });
    return pageById(query, page);
  }

  async create(caller: Caller, input: CreateProjectInput & ForClients): Promise<Project> {
    authorise(caller, 'train', null);
    const row = this.newRow(input);
    const id = await OnceOnly.of(this.database, caller, 'createProject', input).transact(async (manager) => {
      await manager.insert(Project, row);
      return row.id;
    });
    return this.get(caller, 'train', id);
  }

  async update(caller: Caller, input: UpdateProjectInput & ForClients): Promise<Project> {
    const { id, name, description, domainId, classificationType } = input;
    const { kind } = await this.get(caller, 'train', id);
    refuseClassificationType(kind, classificationType);
    const changes = {
      ...(name == null ? {} : { name: checkText('name', name, nameLimits) }),
      ...(description == null ? {} : { description: checkText('description', description, descriptionLimits) }),
      ...(domainId == null ? {} : { domainId: domainFor(kind, domainId).id }),
      ...(classificationType == null ? {} : { classificationType }),
      ...(input.exportPlatforms == null ? {} : { exportPlatforms: input.exportPlatforms }),
    };
    await this.database.transact(async (manager) => {
      const project = await lockProject(manager, id);
      if (isOtherType(project, classificationType)) {
        refuseWhileImporting(project);
        await markChanged(manager, id);
      }
      if (classificationType === ClassificationType.MULTICLASS) await refuseSeveralTags(manager, id);
      await manager.update(Project, { id }, { ...changes, updatedAt: new Date() });
    });
    return this.get(caller, 'train', id);
  }

  /**
   * The project and all that works on it go in one transaction, whatever may be very much after it in batches, and objects
   * last, since an object without a row harms nobody. What a crash leaves goes with the next housekeeping.
   * @param opts.isPublishedKept refuses while one of its models is published
   */
  async delete(caller: Caller, id: string, { isPublishedKept = false } = {}): Promise<string> {
    await this.get(caller, 'train', id);
    const prefixes = await this.database.transact(async (manager) => {
      await lockProject(manager, id);
      await refusePublished(manager, caller, id, isPublishedKept);
      return deleteRows(manager, id);
    });
    await clearGoneProject(this.database, id);
    await this.leftovers.remove(prefixes);
    return id;
  }

  /** A project that is not stored yet. @throws DomainError for settings that do not go together */
  newRow(input: CreateProjectInput & ForClients): Project {
    const createdAt = new Date();
    const { kind } = input;
    refuseClassificationType(kind, input.classificationType);
    const classificationType =
      kind === ProjectKind.CLASSIFICATION ? (input.classificationType ?? ClassificationType.MULTICLASS) : null;
    const domainId = domainFor(kind, input.domainId).id;
    const name = checkText('name', input.name, nameLimits);
    const description = checkText('description', input.description, descriptionLimits);
    const { exportPlatforms = null } = input;
    const row = {
      id: newId(),
      name,
      description,
      status: ProjectStatus.READY,
      kind,
      classificationType,
      domainId,
      exportPlatforms,
    };
    const told = { notificationUrl: null, notificationSecret: null };
    return {
      ...row,
      ...told,
      contentVersion: 0,
      imageCount: 0,
      untaggedImageCount: 0,
      createdAt,
      updatedAt: createdAt,
    };
  }
}

/** What clients of Azure's keep with a project. */
interface ForClients {
  exportPlatforms?: string[] | null;
}

/** A publication goes with its project only where that is wanted, and by a key that may take it down. */
async function refusePublished(
  manager: EntityManager,
  caller: Caller,
  projectId: string,
  isPublishedKept: boolean,
): Promise<void> {
  const publication = await manager.findOneBy(Publication, { projectId });
  if (!publication) return;
  const { id: publicationId, name } = publication;
  const published = `A model of the project is published as ${JSON.stringify(name)}`;
  if (isPublishedKept) throw new DomainError('PUBLISHED', `${published}; unpublish it first.`, { publicationId });
  const { role } = caller;
  if (may(caller, 'publish')) return;
  const message = `${published}, and a key of the role ${role} may not unpublish it; have it unpublished first.`;
  throw new DomainError('FORBIDDEN', message, { role, permission: 'publish', publicationId });
}

function refuseClassificationType(kind: ProjectKind, value: ClassificationType | null | undefined): void {
  if (value == null || kind === ProjectKind.CLASSIFICATION) return;
  const message = `classificationType ${value} is for CLASSIFICATION projects; this one is for ${kind}.`;
  throw new DomainError('INVALID', message, { field: 'classificationType', value });
}

const isOtherType = (project: Project, type: ClassificationType | null | undefined): boolean =>
  type != null && type !== project.classificationType;

/** Images on their way have the tags that the source allowed. */
function refuseWhileImporting({ status, name }: Project): void {
  if (status !== ProjectStatus.IMPORTING) return;
  const message = `Project ${JSON.stringify(name)} is being imported; classificationType can be changed when the import has ended.`;
  throw new DomainError('TAG_CONFLICT', message, { field: 'classificationType', status });
}

async function refuseSeveralTags(manager: EntityManager, projectId: string): Promise<void> {
  const found = await manager
    .createQueryBuilder(ImageTag, 'link')
    .select('link.imageId', 'imageId')
    .where({ projectId })
    .groupBy('link.imageId')
    .having('COUNT(*) > 1')
    .getRawMany<{ imageId: string }>();
  if (found.length === 0) return;
  const message = `${found.length} images have more than one tag, which MULTICLASS does not allow; leave one tag on each.`;
  throw new DomainError('TAG_CONFLICT', message, { imageIds: found.slice(0, 20).map(({ imageId }) => imageId) });
}

/** All rows but those of images, predictions and suggestions. Returns the prefixes of the objects that belonged to the project. */
async function deleteRows(manager: EntityManager, projectId: string): Promise<string[]> {
  const iterations = await manager.findBy(Iteration, { projectId });
  const active = iterations.find(({ status }) => [IterationStatus.QUEUED, IterationStatus.TRAINING].includes(status));
  if (active) {
    const message = `Iteration ${JSON.stringify(active.name)} is still training; cancel it before deleting the project.`;
    throw new DomainError('TRAINING_RUNNING', message, { iterationId: active.id });
  }
  const apiKeyIds = (await manager.findBy(ApiKey, { projectId })).map(({ id }) => id);
  await manager.delete(ApiKeyDigest, { apiKeyId: In(apiKeyIds) });
  await manager.delete(ShardProgress, { iterationId: In(iterations.map(({ id }) => id)) });
  const archives = await forgetExports(manager, { projectId });
  for (const table of [ApiKey, Publication, Iteration, Upload, Tag])
    await manager.delete<{ projectId: string | null }>(table, { projectId });
  await manager.delete(ProjectImport, { projectId });
  await manager.delete(Notification, { projectId });
  await manager.delete(Project, { id: projectId });
  // Ends the subscriptions that follow its import.
  await appendEvent(manager, { topic: importTopic, entityId: projectId, projectId, payload: {} });
  return [keys.project(projectId), ...iterations.map(({ id }) => keys.iteration(id)), ...archives];
}
