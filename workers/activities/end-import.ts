import type { EntityManager } from 'typeorm';
import { lockRow } from '../../infra/database/lock.ts';
import { announceImport } from '../../infra/project-copies/announce-import.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { FailImportInput, ImportProjectInput } from '../../schema/contracts/import.ts';
import { ProjectImport } from '../../schema/entities/project-import.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { ProjectStatus } from '../../schema/enums.ts';
import type { ActivityDeps } from './deps.ts';

export const completeImport =
  (deps: ActivityDeps) =>
  ({ projectId }: ImportProjectInput): Promise<void> =>
    end(deps, projectId, ProjectStatus.READY, null);

/** What had come by then stays, so that nothing has to be copied twice by hand. */
export const failImport =
  (deps: ActivityDeps) =>
  ({ projectId, reason, isCancelled }: FailImportInput): Promise<void> =>
    end(deps, projectId, ProjectStatus.FAILED, isCancelled ? 'The import was cancelled.' : reason);

async function end(
  { database, storage }: ActivityDeps,
  projectId: string,
  status: ProjectStatus,
  error: string | null,
): Promise<void> {
  const isThere = await database.transact(async (manager: EntityManager) => {
    const project = await lockRow(manager, Project, { id: projectId });
    if (project?.status !== ProjectStatus.IMPORTING) return project !== null;
    await manager.update(Project, { id: projectId }, { status });
    await manager.update(ProjectImport, { projectId }, { error, finishedAt: new Date() });
    await announceImport(manager, projectId);
    return true;
  });
  // Deleted meanwhile: what a step stored after that belongs to nobody.
  if (!isThere) await storage.deletePrefix(keys.project(projectId));
}
