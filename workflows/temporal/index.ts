// The entry of what is bundled into Temporal's sandbox. The names of these functions stand in the histories of runs.
import { exportPolicies, type ExportIterationInput } from '../../schema/contracts/export.ts';
import { importPolicies, type ImportProjectInput } from '../../schema/contracts/import.ts';
import { trainingPolicies, type TrainIterationInput } from '../../schema/contracts/training.ts';
import * as orchestrations from '../orchestrations/index.ts';
import { runInTemporal } from './shell.ts';

export function trainIteration(input: TrainIterationInput): Promise<{ modelSha256: string }> {
  return runInTemporal(orchestrations.trainIteration, trainingPolicies, input);
}

export function exportIteration(input: ExportIterationInput): Promise<{ sha256: string }> {
  return runInTemporal(orchestrations.exportIteration, exportPolicies, input);
}

export function importProject(input: ImportProjectInput): Promise<void> {
  return runInTemporal(orchestrations.importProject, importPolicies, input);
}
