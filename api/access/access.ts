import { ApiKeyRole } from '../../schema/enums.ts';
import { DomainError } from '../errors.ts';
import { note } from '../request-notes.ts';

/** What a request wants to do; a role is a set of these. */
export type Permission = 'read' | 'label' | 'train' | 'publish' | 'predict' | 'administer';

/** Who is asking. */
export interface Caller {
  /** Null for the playground on the same machine, which needs no key. */
  keyId: string | null;
  role: ApiKeyRole;
  /** The only project that the key opens; null for all. */
  projectId: string | null;
  /** The header `Idempotency-Key`. */
  idempotencyKey: string | null;
}

const permissions: Record<ApiKeyRole, readonly Permission[]> = {
  [ApiKeyRole.OWNER]: ['read', 'label', 'train', 'publish', 'predict', 'administer'],
  [ApiKeyRole.TRAINER]: ['read', 'label', 'train', 'predict'],
  [ApiKeyRole.LABELER]: ['read', 'label'],
  [ApiKeyRole.DEPLOYER]: ['read', 'publish', 'predict'],
  [ApiKeyRole.READER]: ['read'],
  [ApiKeyRole.PREDICTOR]: ['predict'],
};

/** Whether a role allows it at all, in some project. */
export const may = ({ role }: Caller, permission: Permission): boolean => permissions[role].includes(permission);

/** @throws DomainError unless the caller may do this in the project (null: in the service as a whole) */
export function authorise(caller: Caller, permission: Permission, projectId: string | null): void {
  if (projectId !== null) note({ projectId });
  if (!may(caller, permission)) {
    const able = Object.values(ApiKeyRole).filter((role) => permissions[role].includes(permission));
    const message = `A key of the role ${caller.role} may not ${permission}; it requires one of ${able.join(', ')}.`;
    throw new DomainError('FORBIDDEN', message, { role: caller.role, permission });
  }
  if (caller.projectId === null || caller.projectId === projectId) return;
  throw new DomainError('FORBIDDEN', 'This key gives access to one other project only.', { projectId });
}
