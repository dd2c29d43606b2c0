import type { EntityManager } from 'typeorm';
import { Export } from '../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../schema/enums.ts';
import { appendEvent } from './outbox.ts';

export const exportTopic = 'export.progressed';

export type ExportChange = Pick<Export, 'status' | 'fraction' | 'message'> & Partial<Export>;

/** Tells subscribers what the row says now. */
export async function announceExport(manager: EntityManager, row: Export): Promise<void> {
  const { id: entityId, projectId, status, fraction, message } = row;
  await appendEvent(manager, { topic: exportTopic, entityId, projectId, payload: { status, fraction, message } });
}

/**
 * Writes how far an export is on its row, with the event that tells subscribers, in the caller's transaction. A row that is gone
 * or was ended before stays as it is. Says whether the row was changed.
 */
export async function reportExport(manager: EntityManager, id: string, change: ExportChange): Promise<boolean> {
  const { affected } = await manager.update(Export, { id, status: ExportStatus.EXPORTING }, change);
  if (affected === 0) return false;
  await announceExport(manager, await manager.findOneByOrFail(Export, { id }));
  return true;
}
