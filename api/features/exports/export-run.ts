import type { EntityManager } from 'typeorm';
import { appendEvent } from '../../../infra/events/outbox.ts';
import { traced } from '../../../infra/tracing.ts';
import type { Export } from '../../../schema/entities/export.entity.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';

export const exportTopic = 'export.progressed';

/** Joins the run if there is one already. */
export const startExport = (engine: Engine, { id, projectId }: Pick<Export, 'id' | 'projectId'>): Promise<void> =>
  traced('start exportIteration', { attributes: { 'taglens.export_id': id, 'taglens.project_id': projectId } }, () =>
    engine.start('exportIteration', { exportId: id }, { id }),
  );

/** Tells subscribers what the row says now. */
export async function announceExport(manager: EntityManager, row: Export): Promise<void> {
  const { id: entityId, projectId, status, fraction, message } = row;
  await appendEvent(manager, { topic: exportTopic, entityId, projectId, payload: { status, fraction, message } });
}
