// The same change as docs/workflow-versions.md has it: runs that began before it go on as they began.
import { patched } from '@temporalio/workflow';
import { trainingPolicies, type TrainIterationInput } from '../../schema/contracts/training.ts';
import * as before from '../../workflows/orchestrations/train-iteration.ts';
import { runInTemporal } from '../../workflows/temporal/shell.ts';
import { changedTraining } from './changed-workflows.ts';

export { exportIteration, importProject } from '../../workflows/temporal/index.ts';

export const trainIteration = (input: TrainIterationInput) =>
  runInTemporal(patched('head-first') ? changedTraining : before.trainIteration, trainingPolicies, input);
