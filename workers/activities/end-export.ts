import { reportExport, type ExportChange } from '../../infra/events/export-progress.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { CompleteExportInput, FailExportInput } from '../../schema/contracts/export.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../schema/enums.ts';
import type { ActivityDeps } from './deps.ts';

export const completeExport =
  (deps: ActivityDeps) =>
  ({ exportId, ...written }: CompleteExportInput): Promise<void> =>
    end(deps, exportId, { status: ExportStatus.DONE, fraction: 1, message: 'The archive is ready.', ...written });

/** Says on the row how the export ended and removes what it had written. */
export const failExport =
  (deps: ActivityDeps) =>
  ({ exportId, reason }: FailExportInput): Promise<void> =>
    end(deps, exportId, { status: ExportStatus.FAILED, fraction: 1, message: reason, error: reason });

async function end({ database, storage }: ActivityDeps, exportId: string, change: ExportChange): Promise<void> {
  const isDone = await database.transact(async (manager) => {
    await reportExport(manager, exportId, { ...change, finishedAt: new Date() });
    return manager.existsBy(Export, { id: exportId, status: ExportStatus.DONE });
  });
  // Failed, now or before, or deleted meanwhile: what had been stored by then belongs to nobody.
  if (!isDone) await storage.deletePrefix(keys.export(exportId));
}
