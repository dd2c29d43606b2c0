import { In, type EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { Region } from '../../../schema/entities/region.entity.ts';
import { Tag } from '../../../schema/entities/tag.entity.ts';
import { TagType } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { authorise, type Caller, type Permission } from '../../access/access.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import { lockProject } from '../../project-lock.ts';
import { checkText } from '../../input-checks.ts';
import type { ProjectService } from '../projects/project.service.ts';
import { detachEverywhere, markChanged, noChange } from './tagging.ts';
import type { CreateTagInput, UpdateTagInput } from './tag.input.ts';

const nameLimits = { min: 1, max: 128 };
const descriptionLimits = { max: 2000, isMultiline: true };

export class TagService {
  constructor(
    private readonly database: Database,
    private readonly projects: ProjectService,
    private readonly limits: Limits,
  ) {}

  async get(caller: Caller, permission: Permission, id: string): Promise<Tag> {
    const tag = await this.database.read.manager.findOneBy(Tag, { id });
    if (!tag) throw notFound('tag', id);
    authorise(caller, permission, tag.projectId);
    return tag;
  }

  async create(caller: Caller, input: CreateTagInput): Promise<Tag> {
    const { id: projectId } = await this.projects.get(caller, 'label', input.projectId);
    const name = checkText('name', input.name, nameLimits);
    const description = checkText('description', input.description, descriptionLimits);
    const row = { id: newId(), projectId, name, description, type: input.type, imageCount: 0, createdAt: new Date() };
    const id = await OnceOnly.of(this.database, caller, 'createTag', input).transact(async (manager) => {
      await lockProject(manager, projectId);
      await this.checkRoom(manager, row);
      await refuseTakenName(manager, row);
      await manager.insert(Tag, row);
      return row.id;
    });
    return this.get(caller, 'label', id);
  }

  /** @param input.type may be told again, but cannot change */
  async update(caller: Caller, { id, name, description, type }: UpdateTagInput & { type?: TagType }): Promise<Tag> {
    const tag = await this.get(caller, 'label', id);
    if (type !== undefined && type !== tag.type) {
      const message = `type cannot be changed: the tag is ${tag.type}, not ${type}; delete it and create another one.`;
      throw new DomainError('INVALID', message, { field: 'type', value: type });
    }
    const changes = {
      ...(name == null ? {} : { name: checkText('name', name, nameLimits) }),
      ...(description == null ? {} : { description: checkText('description', description, descriptionLimits) }),
    };
    await this.database.transact(async (manager) => {
      await lockProject(manager, tag.projectId);
      if (changes.name !== undefined && changes.name !== tag.name) {
        await refuseTakenName(manager, { ...tag, name: changes.name });
        // Models answer with the names that they were trained with.
        await markChanged(manager, tag.projectId);
      }
      if (Object.keys(changes).length > 0) await manager.update(Tag, { id }, changes);
    });
    return this.get(caller, 'label', id);
  }

  /**
   * The images stay and lose the tag; iterations keep the name that they were trained with. One call undoes the work of
   * many on any number of images, so that it takes more than leave to label.
   */
  async delete(caller: Caller, id: string): Promise<string> {
    const { projectId } = await this.get(caller, 'train', id);
    await this.database.transact(async (manager) => {
      await lockProject(manager, projectId);
      const change = noChange();
      await detachEverywhere(manager, id, change);
      await manager.delete(Region, { tagId: id });
      await manager.delete(Tag, { id });
      await markChanged(manager, projectId, change);
    });
    return id;
  }

  private async checkRoom(manager: EntityManager, { projectId, type }: Tag): Promise<void> {
    const max = this.limits.tagsPerProject;
    if ((await manager.countBy(Tag, { projectId })) >= max)
      throw new DomainError('LIMIT_REACHED', `The project has ${max} tags, the maximum.`, { max });
    if (type !== TagType.NEGATIVE) return;
    const negative = await manager.findOneBy(Tag, { projectId, type });
    if (!negative) return;
    const message = `The project already has a negative tag, ${JSON.stringify(negative.name)}; it may have only one.`;
    throw new DomainError('LIMIT_REACHED', message, { tagId: negative.id, max: 1 });
  }
}

async function refuseTakenName(manager: EntityManager, { id, projectId, name }: Tag): Promise<void> {
  const other = await manager.findOneBy(Tag, { projectId, name });
  if (!other || other.id === id) return;
  throw new DomainError('NAME_TAKEN', `The project already has a tag ${JSON.stringify(name)}.`, { tagId: other.id });
}

/** The tags of these ids. @throws DomainError when one is not of the project */
export async function getTags(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<Tag[]> {
  return named(await findTags(manager, projectId, ids), ids);
}

/** Those of the ids that are tags of the project, by id. */
export async function findTags(
  manager: EntityManager,
  projectId: string,
  ids: readonly string[],
): Promise<Map<string, Tag>> {
  return byId(await manager.findBy(Tag, { projectId, id: In([...ids]) }));
}

/** For ids that may be more than one statement takes; the tags of a project are not. */
export async function tagsOfProject(manager: EntityManager, projectId: string): Promise<Map<string, Tag>> {
  return byId(await manager.findBy(Tag, { projectId }));
}

const byId = (tags: readonly Tag[]): Map<string, Tag> => new Map(tags.map((tag) => [tag.id, tag]));

/** Each once, out of those that the project has. @throws DomainError when one is not among them */
export function named(tags: ReadonlyMap<string, Tag>, ids: readonly string[]): Tag[] {
  return [...new Set(ids)].map((id) => {
    const tag = tags.get(id);
    if (!tag) throw notFound('tag of this project', id);
    return tag;
  });
}
