import { endExport, failure } from '../../infra/events/export-progress.ts';
import type { CompleteExportInput, FailExportInput } from '../../schema/contracts/export.ts';
import { ExportStatus } from '../../schema/enums.ts';
import type { ActivityDeps } from './deps.ts';

export const completeExport =
  (deps: ActivityDeps) =>
  ({ exportId, ...written }: CompleteExportInput): Promise<void> =>
    endExport(deps, exportId, { status: ExportStatus.DONE, fraction: 1, message: 'The archive is ready.', ...written });

/** Says on the row how the export ended and removes what it had written. */
export const failExport =
  (deps: ActivityDeps) =>
  ({ exportId, reason }: FailExportInput): Promise<void> =>
    endExport(deps, exportId, failure(reason));
