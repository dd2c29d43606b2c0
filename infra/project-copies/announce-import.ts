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
  const all = row.imageCount + row.iterationCount;
  const leftOut = row.leftOutCount + row.leftOutIterationCount;
  const done = row.importedCount + row.importedIterationCount + leftOut;
  const message = row.error ?? `${arrived(row)} copied${leftOut > 0 ? `; ${leftOut} left out` : ''}.`;
  const fraction = status === ProjectStatus.IMPORTING ? Math.min(1, done / Math.max(1, all)) : 1;
  return { status, fraction, message };
}

function arrived({ imageCount, importedCount, iterationCount, importedIterationCount }: ProjectImport): string {
  const images = `${importedCount} of ${imageCount} images`;
  return iterationCount > 0 ? `${images} and ${importedIterationCount} of ${iterationCount} iterations` : images;
}

/** Tells subscribers what the rows say now, in the transaction that changed them. */
export async function announceImport(manager: EntityManager, projectId: string): Promise<void> {
  const { status } = await manager.findOneByOrFail(Project, { id: projectId });
  const step = importStep(status, await manager.findOneByOrFail(ProjectImport, { projectId }));
  await appendEvent(manager, { topic: importTopic, entityId: projectId, projectId, payload: step });
}
