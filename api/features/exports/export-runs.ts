import type { Database } from '../../../infra/database/database.ts';
import { reportExport } from '../../../infra/events/export-progress.ts';
import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import { Export } from '../../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../../schema/enums.ts';
import type { Engine } from '../../../workflows/engines/engine.ts';
import type { WatchedRuns } from '../../run-watch.ts';
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

  async end(id: string, { reason }: { reason: string }): Promise<void> {
    const { database, storage } = this.deps;
    const state = { status: ExportStatus.FAILED, fraction: 1, message: reason, error: reason };
    const change = { ...state, finishedAt: new Date() };
    const isOpen = await database.transact((manager) => reportExport(manager, id, change));
    // One that was done since it was listed keeps its archive.
    if (isOpen) await storage.deletePrefix(keys.export(id));
  }
}
