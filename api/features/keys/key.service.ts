import { randomBytes } from 'node:crypto';
import { IsNull, type EntityManager } from 'typeorm';
import type { Database } from '../../../infra/database/database.ts';
import { forUpdate } from '../../../infra/database/lock.ts';
import { ApiKeyDigest } from '../../../schema/entities/api-key-digest.entity.ts';
import { ApiKey } from '../../../schema/entities/api-key.entity.ts';
import { ApiKeyRole } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import { authorise, type Caller } from '../../access/access.ts';
import { DomainError, notFound } from '../../errors.ts';
import { OnceOnly } from '../../idempotency.ts';
import { digestOf } from '../../access/keys.ts';
import { lockProject } from '../../project-lock.ts';
import { checkText } from '../../input-checks.ts';
import type { ProjectService } from '../projects/project.service.ts';
import type { CreateApiKeyInput, NewApiKey } from './key.input.ts';

export class KeyService {
  constructor(
    private readonly database: Database,
    private readonly projects: ProjectService,
  ) {}

  list(caller: Caller): Promise<ApiKey[]> {
    authorise(caller, 'administer', null);
    return this.database.read.manager.find(ApiKey, { order: { id: 'DESC' } });
  }

  async create(caller: Caller, input: CreateApiKeyInput): Promise<NewApiKey> {
    authorise(caller, 'administer', null);
    const projectId = input.projectId ?? null;
    if (projectId !== null) await this.projects.get(caller, 'administer', projectId);
    if (projectId !== null && input.role === ApiKeyRole.OWNER)
      throw new DomainError('INVALID', 'An OWNER key gives access to everything; omit projectId.', {
        field: 'projectId',
      });
    const secret = `tl_${randomBytes(32).toString('base64url')}`;
    const name = checkText('name', input.name, { min: 1, max: 200 });
    const row = { id: newId(), name, role: input.role, projectId, createdAt: new Date(), revokedAt: null };
    const id = await OnceOnly.of(this.database, caller, 'createApiKey', input).transact(async (manager) => {
      if (projectId !== null) await lockProject(manager, projectId);
      await manager.insert(ApiKey, row);
      await manager.insert(ApiKeyDigest, { digest: digestOf(secret), apiKeyId: row.id });
      return row.id;
    });
    const apiKey = await this.database.read.manager.findOneByOrFail(ApiKey, { id });
    return { apiKey, secret: id === row.id ? secret : null };
  }

  /** Row and digest stay, for the record and so that the start of a process does not make a revoked preset key anew. */
  async revoke(caller: Caller, id: string): Promise<string> {
    authorise(caller, 'administer', null);
    await this.database.transact(async (manager) => {
      const owners = await lockOwners(manager);
      const key = await manager.findOneBy(ApiKey, { id });
      if (!key) throw notFound('API key', id);
      if (owners.length === 1 && owners[0]?.id === id)
        throw new DomainError('INVALID', 'This is the last owner key; create another one before revoking it.');
      if (key.revokedAt === null) await manager.update(ApiKey, { id }, { revokedAt: new Date() });
    });
    return id;
  }
}

/** In one order, so that two who revoke at once take turns and the second sees what the first did. */
function lockOwners(manager: EntityManager): Promise<ApiKey[]> {
  const where = { role: ApiKeyRole.OWNER, revokedAt: IsNull() };
  return manager.find(ApiKey, { where, order: { id: 'ASC' }, ...forUpdate(manager) });
}
