import type { EntityManager } from 'typeorm';
import { lockRow } from '../infra/database/lock.ts';
import { Project } from '../schema/entities/project.entity.ts';
import { notFound } from './errors.ts';

/**
 * The project as it is now. Whoever decides on anything that belongs to a project calls this first, so that such
 * decisions take turns and what was looked at stays true until the commit.
 * @throws DomainError when the project was deleted meanwhile
 */
export async function lockProject(manager: EntityManager, id: string): Promise<Project> {
  const project = await lockRow(manager, Project, { id });
  if (!project) throw notFound('project', id);
  return project;
}
