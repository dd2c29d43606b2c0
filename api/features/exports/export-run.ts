import { traced } from '../../../infra/tracing.ts';
import type { Export } from '../../../schema/entities/export.entity.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';

/** Joins the run if there is one already. */
export const startExport = (engine: Engine, { id, projectId }: Pick<Export, 'id' | 'projectId'>): Promise<void> =>
  traced('start exportIteration', { attributes: { 'taglens.export_id': id, 'taglens.project_id': projectId } }, () =>
    engine.start('exportIteration', { exportId: id }, { id }),
  );
