import type { EntityManager } from 'typeorm';
import { Export } from '../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../schema/enums.ts';
import type { Database } from '../database/database.ts';
import { keys } from '../storage/keys.ts';
import type { Storage } from '../storage/storage.ts';
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
 * or was ended before stays as it is.
 */
export async function reportExport(manager: EntityManager, id: string, change: ExportChange): Promise<void> {
  const { affected } = await manager.update(Export, { id, status: ExportStatus.EXPORTING }, change);
  if (affected !== 0) await announceExport(manager, await manager.findOneByOrFail(Export, { id }));
}

/** Ends an export that is still open, and removes what was stored of one that is not done. */
export async function endExport(
  { database, storage }: { database: Database; storage: Storage },
  id: string,
  change: ExportChange,
): Promise<void> {
  const isDone = await database.transact(async (manager) => {
    await reportExport(manager, id, { ...change, finishedAt: new Date() });
    return manager.existsBy(Export, { id, status: ExportStatus.DONE });
  });
  // Failed, now or before, or deleted meanwhile: what had been stored by then belongs to nobody.
  if (!isDone) await storage.deletePrefix(keys.export(id));
}

/** How an export is told to have failed. */
export const failure = (reason: string): ExportChange => ({
  status: ExportStatus.FAILED,
  fraction: 1,
  message: reason,
  error: reason,
});
