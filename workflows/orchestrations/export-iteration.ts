import type { ActivityCalls } from '../../schema/contracts/activity.ts';
import type { ExportActivities, ExportIterationInput } from '../../schema/contracts/export.ts';
import { endingOf } from './ending.ts';

/** From a model to an archive that can be downloaded; whatever goes wrong ends in a row that says so. */
export async function exportIteration(
  activities: ActivityCalls<ExportActivities>,
  { exportId }: ExportIterationInput,
): Promise<{ sha256: string }> {
  try {
    const written = await activities.writeExport({ exportId });
    await activities.completeExport({ exportId, ...written });
    return { sha256: written.sha256 };
  } catch (error) {
    await activities.failExport({ exportId, reason: endingOf(error).reason });
    throw error;
  }
}
