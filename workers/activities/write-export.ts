import { reportExport } from '../../infra/events/export-progress.ts';
import { keys } from '../../infra/storage/keys.ts';
import type { ActivityContext } from '../../schema/contracts/activity.ts';
import type { ExportIterationInput, WrittenExport } from '../../schema/contracts/export.ts';
import { Export } from '../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../schema/enums.ts';
import { zipOf } from '../ml/exporters/archive.ts';
import { exporterFor } from '../ml/exporters/registry.ts';
import { readModelPackage } from '../ml/model-package.ts';
import type { ActivityDeps } from './deps.ts';
import { withHeartbeat } from './steady-heartbeat.ts';

/** No attempt could do it. */
class ExportError extends Error {
  readonly nonRetryable = true;
}

/** Writes the archive and stores it. A second attempt stores the same bytes in the same place. */
export const writeExport =
  (deps: ActivityDeps) =>
  async ({ exportId }: ExportIterationInput, context: ActivityContext): Promise<WrittenExport> => {
    let fraction = 0;
    return withHeartbeat(
      context,
      () => ({ fraction }),
      () => write(deps, exportId, context, (reached) => (fraction = reached)),
    );
  };

async function write(
  { database, storage }: ActivityDeps,
  exportId: string,
  { signal }: ActivityContext,
  onFraction: (fraction: number) => void,
): Promise<WrittenExport> {
  const row = await database.read.manager.findOneBy(Export, { id: exportId });
  if (!row) throw new ExportError('The export was deleted.');
  const { iterationId, platform, flavor, createdAt } = row;
  const model = readModelPackage(await storage.get(keys.model(iterationId)));
  const exporter = exporterFor(platform, flavor, model.kind);
  if (!exporter) throw new ExportError(`There is no exporter of ${model.kind} models for ${platform} ${flavor ?? ''}.`);
  const report = async (reached: number, message: string): Promise<void> => {
    onFraction(reached);
    const progress = { status: ExportStatus.EXPORTING, fraction: reached, message };
    await database.transact((manager) => reportExport(manager, exportId, progress));
  };
  const input = { model, flavor, iterationId, requestedAt: createdAt, signal };
  const { files, largestDifference } = await exporter.write({ ...input, onProgress: report });
  const archive = zipOf(files);
  await report(0.9, 'Storing the archive.');
  const stored = await storage.put(keys.exportArchive(exportId), archive);
  return { ...stored, largestDifference };
}
