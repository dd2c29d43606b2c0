import type { EntityManager } from 'typeorm';
import { lockRow } from '../../infra/database/lock.ts';
import type { CopySource } from '../../infra/project-copies/contents.ts';
import { LocalSource } from '../../infra/project-copies/local-source.ts';
import { RemoteSource } from '../../infra/project-copies/remote-source.ts';
import { CancelledError } from '../../schema/contracts/activity.ts';
import { ProjectImport } from '../../schema/entities/project-import.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { sha256 } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';

/** How far the import is, and where from. @throws CancelledError when the project was deleted */
export async function openImport(
  { database, storage, urls, imageLimits }: ActivityDeps,
  projectId: string,
): Promise<{ row: ProjectImport; source: CopySource }> {
  const row = await database.read.manager.findOneBy(ProjectImport, { projectId });
  if (!row) throw deleted();
  const source =
    row.localProjectId === null
      ? new RemoteSource(row.sourceUrl, { ...urls, maxImageBytes: imageLimits.maxBytes })
      : new LocalSource(database, storage, row.localProjectId);
  return { row, source };
}

/** As it is now, kept from others until the transaction ends. @throws CancelledError when the project was deleted */
export async function lockImport(
  manager: EntityManager,
  projectId: string,
): Promise<{ row: ProjectImport; project: Project }> {
  const project = await lockRow(manager, Project, { id: projectId });
  const row = await manager.findOneBy(ProjectImport, { projectId });
  if (!project || !row) throw deleted();
  return { row, project };
}

const deleted = (): CancelledError => new CancelledError('The project was deleted during its import.');

/** @throws Error unless these are the bytes that the source promised */
export function checkHash(subject: string, bytes: Buffer, promised: string): void {
  const hash = sha256(bytes);
  if (hash !== promised) throw new Error(`${subject} of the source came with the hash ${hash} instead of ${promised}.`);
}
