import type { EntityManager } from 'typeorm';
import { ProjectImport } from '../../schema/entities/project-import.entity.ts';
import { Project } from '../../schema/entities/project.entity.ts';
import { ProjectStatus } from '../../schema/enums.ts';
import { appendEvent } from '../events/outbox.ts';

export const importTopic = 'project.imported';

/** How far an import is, as its rows say. */
export interface ImportStep {
  status: ProjectStatus;
  fraction: number;
  message: string;
}

export function importStep(status: ProjectStatus, row: ProjectImport): ImportStep {
  const { imageCount, importedCount, leftOutCount, error } = row;
  const done = importedCount + leftOutCount;
  const leftOut = leftOutCount > 0 ? `; ${leftOutCount} left out` : '';
  const message = error ?? `${importedCount} of ${imageCount} images are here${leftOut}.`;
  const fraction = status === ProjectStatus.IMPORTING ? Math.min(1, done / Math.max(1, imageCount)) : 1;
  return { status, fraction, message };
}

/** Tells subscribers what the rows say now, in the transaction that changed them. */
export async function announceImport(manager: EntityManager, projectId: string): Promise<void> {
  const { status } = await manager.findOneByOrFail(Project, { id: projectId });
  const step = importStep(status, await manager.findOneByOrFail(ProjectImport, { projectId }));
  await appendEvent(manager, { topic: importTopic, entityId: projectId, projectId, payload: step });
}
