import type { ActivityCalls } from '../../schema/contracts/activity.ts';
import type { ImportActivities, ImportProjectInput } from '../../schema/contracts/import.ts';
import { endingOf } from './ending.ts';

/** Fills a project from the one it is a copy of, pages of images, then iteration by iteration; whatever goes wrong ends in a row that says so. */
export async function importProject(
  activities: ActivityCalls<ImportActivities>,
  { projectId }: ImportProjectInput,
): Promise<void> {
  try {
    let after: string | null = null;
    do {
      after = (await activities.importImages({ projectId, after })).next;
    } while (after !== null);
    do {
      after = (await activities.importIteration({ projectId, after })).next;
    } while (after !== null);
    await activities.completeImport({ projectId });
  } catch (error) {
    await activities.failImport({ projectId, ...endingOf(error) });
    throw error;
  }
}
