import type { ActivityContext, ActivityPolicy } from './activity.ts';

export interface ImportProjectInput {
  /** The project that is filled. */
  projectId: string;
}

export interface ImportImagesInput extends ImportProjectInput {
  /** The last image that is done, by its id at the source; null at the beginning. */
  after: string | null;
}

export interface ImportedImages {
  /** The last image that is done, by its id at the source; null: there are no more. */
  next: string | null;
}

export interface ImportIterationInput extends ImportProjectInput {
  /** The iteration before, by its id at the source; null for the first. */
  after: string | null;
}

export interface ImportedIteration {
  /** The one that was asked for, by its id at the source; null: there are no more. */
  next: string | null;
}

export interface FailImportInput extends ImportProjectInput {
  reason: string;
  isCancelled: boolean;
}

/** The steps of an import. Payloads are ids and small facts; bytes go from storage to storage. */
export interface ImportActivities {
  importImages(input: ImportImagesInput, context: ActivityContext): Promise<ImportedImages>;
  importIteration(input: ImportIterationInput, context: ActivityContext): Promise<ImportedIteration>;
  completeImport(input: ImportProjectInput, context: ActivityContext): Promise<void>;
  failImport(input: FailImportInput, context: ActivityContext): Promise<void>;
}

const minuteMs = 60_000;

export const importPolicies: Record<keyof ImportActivities, ActivityPolicy> = {
  // The source may be restarted, or be away for some minutes.
  importImages: { queue: 'workflows', timeoutMs: 30 * minuteMs, heartbeatMs: 2 * minuteMs, attempts: 15 },
  // As above; its files come one after the other.
  importIteration: { queue: 'workflows', timeoutMs: 60 * minuteMs, heartbeatMs: 2 * minuteMs, attempts: 15 },
  completeImport: { queue: 'workflows', timeoutMs: 5 * minuteMs, heartbeatMs: 0, attempts: 10 },
  failImport: { queue: 'workflows', timeoutMs: 5 * minuteMs, heartbeatMs: 0, attempts: 10, runsWhenCancelled: true },
};
