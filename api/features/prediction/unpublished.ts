import type { EntityManager } from 'typeorm';
import { Project } from '../../../schema/entities/project.entity.ts';
import { Publication } from '../../../schema/entities/publication.entity.ts';
import { may, type Caller } from '../../access/access.ts';
import { DomainError, notFound } from '../../errors.ts';

/** A message stays readable, however many models a project has published. */
const mostNamed = 10;

/** Why a name answers nothing, and which names of the project would; a caller who may only predict is not told these. */
export async function unpublished(
  manager: EntityManager,
  caller: Caller,
  projectId: string,
  name: string,
): Promise<DomainError> {
  if (!(await manager.existsBy(Project, { id: projectId }))) return notFound('project', projectId);
  const { code, message, details } = notFound('published model', name);
  const others = may(caller, 'read') ? await namesOf(manager, projectId) : '';
  const advice = 'Use publishIteration to publish a trained iteration under a name.';
  return new DomainError(code, [message, others, advice].filter(Boolean).join(' '), details);
}

async function namesOf(manager: EntityManager, projectId: string): Promise<string> {
  const shown = { where: { projectId }, order: { name: 'ASC' }, take: mostNamed } as const;
  const [first, count] = await manager.findAndCount(Publication, shown);
  if (count === 0) return 'Its project has no published models.';
  const names = first.map(({ name }) => JSON.stringify(name)).join(', ');
  return `Its project has published ${names}${count > mostNamed ? ` and ${count - mostNamed} more` : ''}.`;
}
