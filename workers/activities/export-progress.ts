import type { EntityManager } from 'typeorm';
import { appendEvent } from '../../infra/events/outbox.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../schema/enums.ts';

export type ExportChange = Pick<Export, 'status' | 'fraction' | 'message'> & Partial<Export>;

/**
 * Writes how far an export is on its row, with the event that tells subscribers, in the caller's transaction.
 * @returns false when the row is gone or was ended before: then nothing is written
 */
export async function reportExport(manager: EntityManager, id: string, change: ExportChange): Promise<boolean> {
  const { affected } = await manager.update(Export, { id, status: ExportStatus.EXPORTING }, change);
  if (affected === 0) return false;
  const { projectId } = await manager.findOneByOrFail(Export, { id });
  const { status, fraction, message } = change;
  await appendEvent(manager, {
    topic: 'export.progressed',
    entityId: id,
    projectId,
    payload: { status, fraction, message },
  });
  return true;
}
