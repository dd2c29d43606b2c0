import type { Database } from '../../../infra/database/database.ts';
import { endExport, failure } from '../../../infra/events/export-progress.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../../schema/enums.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import type { WatchedRuns } from '../../upkeep/run-watch.ts';
import { startExport } from './export-run.ts';

interface ExportRunsDeps {
  database: Database;
  storage: Storage;
  engine: Engine;
}

/** The exports under way, for the watch over their runs. */
export class ExportRuns implements WatchedRuns<Export> {
  constructor(private readonly deps: ExportRunsDeps) {}

  open(): Promise<Export[]> {
    const where = { status: ExportStatus.EXPORTING };
    return this.deps.database.read.manager.find(Export, { where, order: { id: 'ASC' } });
  }

  start(row: Export): Promise<void> {
    return startExport(this.deps.engine, row);
  }

  /** One that was done since it was listed keeps its archive. */
  end(id: string, { reason }: { reason: string }): Promise<void> {
    return endExport(this.deps, id, failure(reason));
  }
}
