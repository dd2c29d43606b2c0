import type { EntityManager, FindOptionsWhere } from 'typeorm';
import { exportTopic } from '../../../infra/events/export-progress.ts';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../../schema/enums.ts';

/**
 * Exports go with their iteration, and so do the subscriptions that follow them. Returns the prefixes of the archives, to
 * be removed after the commit: an export under way finds its row gone and clears away what it still writes.
 */
export async function forgetExports(manager: EntityManager, where: FindOptionsWhere<Export>): Promise<string[]> {
  const rows = await manager.find(Export, { where, select: { id: true, projectId: true, status: true } });
  await manager.delete(Export, where);
  for (const { id: entityId, projectId, status } of rows)
    if (status === ExportStatus.EXPORTING)
      await appendEvent(manager, { topic: exportTopic, entityId, projectId, payload: {} });
  return rows.map(({ id }) => keys.export(id));
}
