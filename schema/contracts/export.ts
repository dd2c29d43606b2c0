import type { ActivityContext, ActivityPolicy } from './activity.ts';

export interface ExportIterationInput {
  exportId: string;
}

/** An archive that lies in the storage. */
export interface WrittenExport {
  sizeBytes: number;
  sha256: string;
  /** Between the probabilities of the server and of the exported model on the reference pictures. */
  largestDifference: number;
}

export interface CompleteExportInput extends ExportIterationInput, WrittenExport {}

export interface FailExportInput extends ExportIterationInput {
  reason: string;
}

/** The steps of an export. Payloads are ids and small facts; bytes go through the storage. */
export interface ExportActivities {
  writeExport(input: ExportIterationInput, context: ActivityContext): Promise<WrittenExport>;
  completeExport(input: CompleteExportInput, context: ActivityContext): Promise<void>;
  failExport(input: FailExportInput, context: ActivityContext): Promise<void>;
}

const minuteMs = 60_000;

export const exportPolicies: Record<keyof ExportActivities, ActivityPolicy> = {
  // Somebody waits for it, and it takes seconds: it must not wait for a training, which may last a day.
  writeExport: { queue: 'exports', timeoutMs: 30 * minuteMs, heartbeatMs: minuteMs, attempts: 3 },
  completeExport: { queue: 'workflows', timeoutMs: 5 * minuteMs, heartbeatMs: 0, attempts: 10 },
  failExport: { queue: 'workflows', timeoutMs: 5 * minuteMs, heartbeatMs: 0, attempts: 10, runsWhenCancelled: true },
};
