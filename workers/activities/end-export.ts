import { reportExport, type ExportChange } from '../../infra/events/export-progress.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { CompleteExportInput, FailExportInput } from '../../schema/contracts/export.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../schema/enums.ts';
import type { ActivityDeps } from './deps.ts';

export const completeExport =
  ({ database, storage }: ActivityDeps) =>
  async ({ exportId, ...written }: CompleteExportInput): Promise<void> => {
    const progress = { status: ExportStatus.DONE, fraction: 1, message: 'The archive is ready.' };
    const change: ExportChange = { ...progress, ...written, finishedAt: new Date() };
    await database.transact((manager) => reportExport(manager, exportId, change));
    // Deleted meanwhile, with what had been stored by then.
    if (!(await database.read.manager.existsBy(Export, { id: exportId })))
      await storage.deletePrefix(keys.export(exportId));
  };

/** Says on the row how the export ended and removes what it had written. */
export const failExport =
  ({ database, storage }: ActivityDeps) =>
  async ({ exportId, reason }: FailExportInput): Promise<void> => {
    await storage.deletePrefix(keys.export(exportId));
    const progress = { status: ExportStatus.FAILED, fraction: 1, message: reason };
    const change: ExportChange = { ...progress, error: reason, finishedAt: new Date() };
    await database.transact((manager) => reportExport(manager, exportId, change));
  };
