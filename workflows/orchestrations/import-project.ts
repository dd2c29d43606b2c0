import { ActivityError, CancelledError, type ActivityCalls } from '../../schema/contracts/activity.ts';
import type { ImportActivities, ImportProjectInput } from '../../schema/contracts/import.ts';

/** Fills a project page by page from the one it is a copy of; whatever goes wrong ends in a row that says so. */
export async function importProject(
  activities: ActivityCalls<ImportActivities>,
  { projectId }: ImportProjectInput,
): Promise<void> {
  try {
    let after: string | null = null;
    do {
      after = (await activities.importImages({ projectId, after })).next;
    } while (after !== null);
    await activities.completeImport({ projectId });
  } catch (error) {
    const isCancelled =
      error instanceof CancelledError || (error instanceof ActivityError && error.failure.cancelled === true);
    const reason = error instanceof Error ? error.message : String(error);
    await activities.failImport({ projectId, reason, isCancelled });
    throw error;
  }
}
