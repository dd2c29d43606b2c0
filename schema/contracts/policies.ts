import type { ActivityPolicy } from './activity.ts';
import { exportPolicies, type ExportActivities } from './export.ts';
import { importPolicies, type ImportActivities } from './import.ts';
import { trainingPolicies, type TrainingActivities } from './training.ts';

/** Everything that a worker can do. */
export type WorkerActivities = TrainingActivities & ExportActivities & ImportActivities;

export const workerPolicies: Record<keyof WorkerActivities, ActivityPolicy> = {
  ...trainingPolicies,
  ...exportPolicies,
  ...importPolicies,
};
