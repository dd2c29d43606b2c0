import type { ActivityPolicy } from './activity.ts';
import { exportPolicies, type ExportActivities } from './export.ts';
import { trainingPolicies, type TrainingActivities } from './training.ts';

/** Everything that a worker can do. */
export type WorkerActivities = TrainingActivities & ExportActivities;

export const workerPolicies: Record<keyof WorkerActivities, ActivityPolicy> = { ...trainingPolicies, ...exportPolicies };
